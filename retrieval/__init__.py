"""Documents in, ranked evidence out. A library: knows no Django, no translation engine.

Words: docs/reference/words.md. Layers: text and fingerprint are pure; chunking, lexicon and fusion build on them;
embedders and backends are chosen by dotted path (factory); service.Retriever is the whole verb set for callers.
"""
