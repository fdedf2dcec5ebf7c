"""Moving in: pages of other tools become reStructuredText with ``optplot``. Nothing here runs code, or builds."""
