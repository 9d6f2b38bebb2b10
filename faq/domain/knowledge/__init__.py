"""The knowledge base as an archive that people can read: Markdown, YAML, TMX, JSON and the files that were uploaded.

Other than a backup (faq.domain.backups) it holds no people, keys, jobs or audit log, no table of this program's, and nothing of
readers but counts and comments; it comes back into an empty portal, whose pages are then the same. `archive` is the file,
`shapes` what its members say, `exporting` and `importing` put them together.
"""

from faq.domain.knowledge.exporting import Exported, export_knowledge
from faq.domain.knowledge.importing import Imported, held, import_knowledge

__all__ = ["Exported", "Imported", "export_knowledge", "held", "import_knowledge"]
