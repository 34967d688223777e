"""A text encoder in, how it counts the tokens of a prompt out."""

import hashlib

from data_pipeline.stack_io.canonical_json import encode_json
from model.text_encoder import TextEncoder
from training.captions import EMPTY_PROMPT
from training.index import Counting


def counting_of(encoder: TextEncoder) -> Counting:
    """Tokens that condition the model: what it keeps of template and prompt. Its network is not asked."""
    spelling = encoder.tokenizer.backend_tokenizer.to_str()
    facts = [spelling, encoder.tokens(EMPTY_PROMPT), encoder.max_tokens]
    tokenizer = hashlib.sha256(encode_json(facts)).hexdigest()[:16]
    return Counting(tokenizer, lambda prompt: len(encoder.tokens(prompt)) - encoder.dropped)
