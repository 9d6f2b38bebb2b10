"""The site's pictures: strokes on a square of 24 by 24, drawn for Polyfaq. Put into pages by `faq.web.tags`."""

# ruff: noqa: E501 - a path is one value

from collections.abc import Mapping

# 24 by 24, strokes only; drawn for Polyfaq.
ICONS: Mapping[str, str] = {
    "search": '<circle cx="11" cy="11" r="6.5"/><path d="m20 20-4.2-4.2"/>',
    "globe": '<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c3.2 3.4 3.2 14.6 0 18M12 3c-3.2 3.4-3.2 14.6 0 18"/>',
    "chevron": '<path d="m7 10 5 5 5-5"/>',
    "arrow": '<path class="mirror" d="M5 12h14m-6-6 6 6-6 6"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v5M12 7.6v.1"/>',
    "warning": '<path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.1"/>',
    "translate": '<path d="M4 6h9M8.5 4v2M11 6c-.8 3.5-3.2 6-6.5 7.5M6 9c1 2 2.8 3.5 5 4.5"/><path d="m12 20 4.2-9 4.3 9M13.4 17h5.7"/>',
    "check": '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
    "up": '<path d="M7 11v9H4v-9zM7 11l4-7c1.8 0 2.5 1.2 2.2 2.8L12.6 10H18c1.4 0 2.3 1.2 2 2.5l-1.3 5.7c-.3 1.1-1.1 1.8-2.2 1.8H7"/>',
    "down": '<path d="M7 13V4H4v9zM7 13l4 7c1.8 0 2.5-1.2 2.2-2.8L12.6 14H18c1.4 0 2.3-1.2 2-2.5l-1.3-5.7C18.4 4.7 17.6 4 16.5 4H7"/>',
    "document": '<path d="M6 3h8l5 5v13H6zM14 3v5h5M9.5 13h6M9.5 17h6"/>',
    "external": '<path d="M14 4h6v6M20 4l-9 9M11 5H5v14h14v-6"/>',
    "help": '<path d="M4 5h16v11H11l-4.5 4v-4H4z"/><path d="M9.8 8.8c.3-1 1.1-1.5 2.2-1.5 1.3 0 2.2.8 2.2 1.9 0 1.5-2.2 1.5-2.2 2.9M12 14v.1"/>',
    "waste": '<path d="M5 7h14l-1.2 13H6.2zM3.5 7h17M9 7V4h6v3M10 11v5.5M14 11v5.5"/>',
    "home": '<path d="m3 11.5 9-7.5 9 7.5M5.5 9.8V20h13V9.8M10 20v-6h4v6"/>',
    "transport": '<path d="M5 4h14v13H5zM5 11h14M7 17v3M17 17v3M8.5 14v.1M15.5 14v.1M9 7.5h6"/>',
    "payments": '<rect x="3" y="6" width="18" height="13" rx="1.5"/><path d="M3 10.5h18M7 15h4"/>',
    "family": '<circle cx="8.5" cy="7.5" r="3"/><path d="M3 20v-2c0-3 2-5 5.5-5s5.5 2 5.5 5v2"/><circle cx="17.5" cy="11" r="2.2"/><path d="M17 15.5c2.6 0 4 1.5 4 3.5v1"/>',
    "documents": '<rect x="5" y="3" width="14" height="18" rx="1.5"/><circle cx="12" cy="10" r="2.6"/><path d="M8.5 17c.5-1.6 1.7-2.3 3.5-2.3s3 .7 3.5 2.3"/>',
    "health": '<path d="M12 20C5.5 15.5 3.5 12 3.5 9A4.3 4.3 0 0 1 12 7.5 4.3 4.3 0 0 1 20.5 9c0 3-2 6.5-8.5 11z"/>',
    "work": '<rect x="3.5" y="8" width="17" height="12" rx="1.5"/><path d="M9 8V5h6v3M3.5 13h17"/>',
    "security": '<path d="M12 3 5 6v5.5c0 4.5 3 7.6 7 9.5 4-1.9 7-5 7-9.5V6z"/><path d="m9 12 2.2 2.2L15.2 10"/>',
    "technology": '<rect x="3.5" y="5" width="17" height="11.5" rx="1.5"/><path d="M9 20h6M12 16.5V20"/>',
    "culture": '<path d="M4 9.5 12 4l8 5.5zM6 9.5V18M10 9.5V18M14 9.5V18M18 9.5V18M4 20h16"/>',
}
# A topic has no picture of its own: what its key speaks of chooses one.
WORDS: Mapping[str, tuple[str, ...]] = {
    "waste": ("waste", "rubbish", "recycl", "garbage", "bin", "environment"),
    "home": ("mov", "hous", "home", "regist", "resid", "living", "rent"),
    "transport": ("park", "transport", "traffic", "bus", "travel", "car", "shipping", "deliver"),
    "payments": ("pay", "fee", "tax", "bill", "fine", "price", "money", "order"),
    "family": ("famil", "child", "school", "kinder", "educat", "people", "social"),
    "documents": ("document", "passport", "ident", "certificate", "appointment", "account"),
    "health": ("health", "care", "medic", "hospital"),
    "work": ("work", "job", "business", "trade", "career"),
    "security": ("secur", "safe", "privacy", "emergency", "police"),
    "technology": ("tech", "install", "setup", "software", "device", "internet", "develop"),
    "culture": ("culture", "museum", "library", "sport", "leisure", "history"),
}
