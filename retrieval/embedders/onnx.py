"""Vectors of a multilingual sentence model (E5 and its like) run here by onnxruntime: the optional extra.

The packages (requirements-onnx.txt) are imported on first use only, so nothing pays for them that does not name this
embedder; whatever is missing is a NotConfigured that says what to install or set. A text's vector is the mean of its
token vectors, padding left out, scaled to length 1.
"""

import json
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from retrieval.embedders.base import EmbeddingRecipe
from retrieval.embedders.prefixed import PrefixedEmbedder
from retrieval.embedders.shaping import readable, unit_rows
from retrieval.types import Matrix, NotConfigured

MAX_TOKENS = 512
MAX_CHARACTERS = 8_000
MODEL_FILES = ("onnx/model.onnx", "model.onnx", "onnx/model_quantized.onnx", "model_quantized.onnx")
TOKENISER_FILES = ("tokenizer.json", "onnx/tokenizer.json")


class _Loaded(NamedTuple):
    session: Any
    tokeniser: Any
    inputs: frozenset[str]
    dimensions: int


class OnnxEmbedder(PrefixedEmbedder):
    """`model`: a folder with `tokenizer.json` and `model.onnx` (or `onnx/model.onnx`), or a name on the Hugging Face hub.

    The prefixes are those E5 models were trained with; give empty ones for models without. Safe between threads.
    """

    def __init__(
        self,
        model: str,
        query_prefix: str = "query: ",
        passage_prefix: str = "passage: ",
        *,
        threads: int = 0,
        batch: int = 16,
    ) -> None:
        if not model:
            raise NotConfigured("POLYFAQ_EMBEDDER_MODEL is empty: give a folder or the name of a model.")
        self._model = model
        super().__init__(query_prefix, passage_prefix)
        self._threads = threads
        self._batch = max(1, batch)
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    @property
    def recipe(self) -> EmbeddingRecipe:
        """Loads the model: only its files know the dimensions."""
        name = Path(self._model).name if Path(self._model).is_dir() else self._model
        return self._recipe("onnx", name, self._load().dimensions)

    def _embed(self, texts: Sequence[str], prefix: str) -> Matrix:
        loaded = self._load()
        out = np.zeros((len(texts), loaded.dimensions), dtype=np.float32)
        # Texts of like length share a batch, so that little of it is padding.
        told = sorted((row for row, text in enumerate(texts) if text.strip()), key=lambda row: len(texts[row]))
        for start in range(0, len(told), self._batch):
            rows = told[start : start + self._batch]
            out[rows] = _run(loaded, [prefix + readable(texts[row], MAX_CHARACTERS) for row in rows])
        return unit_rows(out)

    def _load(self) -> _Loaded:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = _read(self._model, self._threads)
        return self._loaded


def _run(loaded: _Loaded, texts: list[str]) -> Matrix:
    encoded = loaded.tokeniser.encode_batch(texts)
    ids = np.array([one.ids for one in encoded], dtype=np.int64)
    mask = np.array([one.attention_mask for one in encoded], dtype=np.int64)
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    feed = {name: value for name, value in given.items() if name in loaded.inputs}
    return mean_pooled(loaded.session.run(None, feed)[0], mask)


def mean_pooled(tokens: Any, mask: Any) -> Matrix:
    """Mean of the token vectors (texts, tokens, dimensions) where the mask (texts, tokens) is 1; zeros where it never is."""
    weights = np.asarray(mask, dtype=np.float32)[:, :, None]
    mean: Matrix = (np.asarray(tokens, dtype=np.float32) * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1.0)
    return mean


def _read(model: str, threads: int) -> _Loaded:
    runtime, tokenizers = _package("onnxruntime"), _package("tokenizers")
    folder = Path(model)
    if folder.is_dir():
        network, tokeniser_file = _first(folder, MODEL_FILES), _first(folder, TOKENISER_FILES)
    else:
        network, tokeniser_file = _from_hub(model, MODEL_FILES), _from_hub(model, TOKENISER_FILES)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        session = runtime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
        tokeniser = tokenizers.Tokenizer.from_file(str(tokeniser_file))
    except Exception as error:
        raise NotConfigured(
            f"The model {model} cannot be read ({type(error).__name__}); get its files anew."
        ) from error
    tokeniser.enable_truncation(MAX_TOKENS)
    _pad(tokeniser, tokeniser_file)
    dimensions = session.get_outputs()[0].shape[-1]
    if not isinstance(dimensions, int):
        raise NotConfigured(
            f"The model {model} does not tell how long its vectors are; use one exported for embedding."
        )
    return _Loaded(session, tokeniser, frozenset(one.name for one in session.get_inputs()), dimensions)


def _pad(tokeniser: Any, file: Path) -> None:
    """With the model's own padding token: XLM-R's number 1, BERT's 0."""
    settings = json.loads(file.read_text(encoding="utf-8")).get("padding") or {}
    if settings:
        tokeniser.enable_padding(pad_id=settings["pad_id"], pad_token=settings["pad_token"])
        return
    token = next((token for token in ("<pad>", "[PAD]") if tokeniser.token_to_id(token) is not None), "")
    tokeniser.enable_padding(pad_id=tokeniser.token_to_id(token) if token else 0, pad_token=token or "[PAD]")


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise NotConfigured(
            f"The onnx embedder needs the package {name}: pip install -r requirements-onnx.txt"
        ) from error


def _first(folder: Path, names: Sequence[str]) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise NotConfigured(f"{folder} (POLYFAQ_EMBEDDER_MODEL) holds none of {', '.join(names)}.")


def _from_hub(model: str, names: Sequence[str]) -> Path:
    """The first of the files that the hub has; it is kept on disk, so a second start needs no network."""
    hub = _package("huggingface_hub")
    reason = ""
    for name in names:
        try:
            return Path(hub.hf_hub_download(model, name))
        except Exception as error:  # noqa: BLE001 - network, name and permission errors have no common class there
            reason = type(error).__name__
    raise NotConfigured(
        f"POLYFAQ_EMBEDDER_MODEL={model!r} is neither a folder nor could it be had from the hub ({reason}). "
        "Check the name and the network, or give the path of a folder with tokenizer.json and model.onnx."
    )
