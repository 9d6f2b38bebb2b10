"""The public site as files for any web server: walked as a visitor without a name, written where something changed.

Invariants: every internal link of what is written leads to a file that is there too; nothing is touched in the folder until
the whole site has been made; files that are not in the folder's manifest are never changed or removed.
"""

from faq.export.site import Report, export_site

__all__ = ["Report", "export_site"]
