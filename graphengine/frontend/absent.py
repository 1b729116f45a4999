"""Names of TensorFlow's core that programs may look for and that are left out on purpose, each with its reason."""
from __future__ import annotations

_SPARSE = "there are no sparse or ragged tensors; pad the lists, and give masked entries the weight 0"
_SEQUENCES = "its dynamic program over alignments is not part of this engine; use a package for speech or writing"
_SAMPLED = "it draws classes at random; with vocabularies of the size meant here, use the loss over all classes"
_COMPLEX = "numbers are real here"

ABSENT: dict[str, str] = {
    "nn.ctc_loss": _SEQUENCES, "nn.ctc_greedy_decoder": _SEQUENCES, "nn.ctc_beam_search_decoder": _SEQUENCES,
    "nn.ctc_unique_labels": _SEQUENCES,
    "nn.embedding_lookup_sparse": _SPARSE, "nn.safe_embedding_lookup_sparse": _SPARSE, "SparseTensor": _SPARSE,
    "RaggedTensor": _SPARSE,
    "nn.sampled_softmax_loss": _SAMPLED, "nn.nce_loss": _SAMPLED,
    "math.accumulate_n": "add_n does the same",
    "complex": _COMPLEX, "math.real": _COMPLEX, "math.imag": _COMPLEX, "math.conj": _COMPLEX, "math.angle": _COMPLEX,
}
