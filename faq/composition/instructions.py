"""Whether a sentence of a source addresses a language model instead of a reader: pure.

A published source may have been written by anybody (a web page, a file that was handed in). Such a sentence is kept from
the model and cannot be cited in what it writes. This is one wall of several and catches what is plain only: what the
model writes is checked against the evidence whatever it was told (faq.composition.support).
"""

import unicodedata
from functools import cache

import regex

_ANY = r"[^.!?。！？\n]{0,60}?"
_THINGS = (
    r"(?:instruction|prompt|command|directive|rule|guideline|message|anweisung|befehl|regeln|consigne|instrucci|polecen|instrukcj"
    r"|вказів|інструкц|настанов|talimat|yönerge|komut|تعليمات|أوامر|التوجيهات|指令|指示|提示|说明|规则)"
)
_PATTERNS = (
    # set aside what was said before
    rf"\b(?:ignore|disregard|forget|override|bypass|ignorier\w*|vergiss|vergessen|missacht\w*|oublie\w*|ignore[zr]|ignora\w*|olvid\w+"
    rf"|zignoruj\w*|ignoruj\w*|zapomnij\w*|pomiń|ігноруй\w*|проігноруй\w*|забудь\w*|yok\s?say\w*|görmezden|unut\w*)\b{_ANY}{_THINGS}",
    rf"{_THINGS}{_ANY}\b(?:yok\s?say\w*|görmezden|unut\w*)\b",
    rf"(?:تجاهل|انس|تجاوز){_ANY}{_THINGS}|(?:忽略|无视|忘记|忘掉|不要理会){_ANY}{_THINGS}",
    # who the model is, or is to be
    r"\b(?:you are|you're|act as|pretend to be|behave as|du bist|sie sind|tu es|vous êtes|eres|usted es|jesteś|ти є|sen bir)\b[^.!?\n]{0,30}?"
    r"\b(?:chatbot|bot|ai|ki|ia|assistant|assistent\w*|asistente|asystent\w*|асистент\w*"
    r"|asistan\w*|language model|sprachmodell|dan)\b",
    r"(?:你现在是|你是一个?(?:AI|人工智能|助手)|从现在(?:起|开始)你|أنت الآن|أنت مساعد)",
    r"\b(?:language model|system prompt|llm|ai (?:assistant|model|system)s?|chatbots?|sprachmodell\w*|systemprompt|ki-assistent\w*"
    r"|modèles? de langage|modelos? de lenguaje|modelu? językow\w+|мовн\w+ модел\w+|dil modeli\w*|jailbreak\w*|developer mode)\b",
    r"(?:语言模型|系统提示|人工智能助手|نموذج لغوي|نموذج اللغة|موجه النظام)",
    # what to write
    r"^\W*(?:please\s+|always\s+|now\s+)?(?:(?:answer|reply|respond)\b[^.!?\n]{0,40}?\b(?:with|that|without)\b"
    r"|(?:answer|reply|respond|output|print|write|say|repeat|translate|summari[sz]e|cite|mention)\b[^.!?\n]{0,40}?"
    r"(?:\b(?:only|exactly|instead|the (?:word|text|above|following)|verbatim|in all caps)\b|[:\"“'<]))",
    r"\b(?:when|if|whenever) (?:(?:you are |you're )?asked about|you (?:answer|reply|summari[sz]e)|answering|replying|summari[sz]ing"
    r"|(?:anyone|somebody|someone|the user|the visitor) asks)\b",
    r"\b(?:in your (?:answer|reply|response|output)|your (?:answer|reply|response) (?:must|should|has to)|the (?:user|visitor|asker) must be told)\b",
    r"\b(?:in deiner antwort|antworte (?:nur|mit|immer|auf|dass)|réponds? (?:uniquement|seulement|que|avec|par)|responde (?:solo|sólo|que|con|siempre))",
    r"\b(?:odpowiedz (?:tylko|że)|odpowiadaj (?:tylko|zawsze|że)|відповідай (?:лише|тільки|що)|sadece\b[^.!?\n]{0,30}\byanıtla|cevap olarak)",
    r"(?:只回答|仅回答|请回答[:：“]|回答说|في إجابتك|أجب (?:فقط|بأن|ب)|اكتب فقط)",
    r"!\[[^\]\n]*\]\(",
    # the marks of a conversation or of this request
    r"</?\s*(?:evidence|question|system|assistant|user|instructions?|im_start|im_end|s|inst)\s*/?>|<\|[^|\n]{1,30}\|>|\[/?(?:INST|SYS)\]",
    r"^\W*(?:system|assistant|user|developer|human|ai)\s*[:：]|#{2,}\s*(?:system|instruction|assistant|response)",
    r"\b(?:new|updated|revised|further|additional) (?:instructions?|system prompt|directives?)\b\s*[:：]|\b(?:end|begin(?:ning)?) of (?:evidence|data|context|prompt)\b",
)  # fmt: skip
_HIDDEN = regex.compile(r"[\p{Cf}\p{Cc}\p{Co}--[\t\n\r\u200c\u200d]]", regex.VERSION1)
_TAGS = regex.compile(r"[\U000e0000-\U000e007f]")


@cache
def _addressing() -> "regex.Pattern[str]":
    """Compiled when first needed: it takes a tenth of a second, and most processes never ask."""
    return regex.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), regex.IGNORECASE)


def instructs(text: str) -> bool:
    """Whether a sentence tells a model what to do, plainly or in letters that readers do not see."""
    if _TAGS.search(text):
        return True
    plain = _HIDDEN.sub("", unicodedata.normalize("NFKC", text))
    return _addressing().search(plain) is not None
