"""A sample written and read back is the same sample; a broken one is a ValueError before it costs anything."""

import copy
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data_pipeline.stack_io.canonical_json import decode_json, encode_json
from data_pipeline.stack_io.images import decode_image, encode_image
from data_pipeline.stack_io.sample import describe, image_members, read_sample, text_members
from schemas.captions import Caption
from schemas.rows import DocumentRow
from schemas.sample import Fidelity, Sample
from schemas.stack import PlainLayer, Stack

KEY = "0123456789abcdef"


def sample(layers=2, seed=0):
    rng = np.random.default_rng(seed)
    plain = []
    for index in range(layers):
        rgba = rng.integers(0, 256, (5 + index, 7, 4), dtype=np.uint8)
        rgba[rgba[..., 3] == 0, :3] = 0
        plain.append(PlainLayer((1, index, 8, 5 + 2 * index), rgba, (index, 9), 3, True, 0.25))
    composite = rng.integers(0, 256, (20, 10, 4), dtype=np.uint8)
    return Sample(
        key=KEY,
        stack=Stack(10, 20, tuple(plain)),
        composite=composite,
        captions=(Caption("A 🦊 \ud800"),),
        layer_captions=(None,) * layers,
        psd_text=("Hé",),
        fidelity=Fidelity(0.1, 0.999, None, True),
        document=DocumentRow("d", "a.psd", status="accepted", split="train", family_id=KEY),
        layers=(),
    )


def members_of(one, image_format="png"):
    return {**dict(image_members(one, image_format)), **dict(text_members(describe(one, image_format)))}


@pytest.mark.parametrize("image_format", ["png", "webp"])
def test_a_sample_round_trips(image_format):
    one = sample(3)
    back = read_sample(members_of(one, image_format))
    assert (back.key, back.stack.width, back.stack.height, back.caption) == (KEY, 10, 20, "A 🦊 \\ud800")
    for before, after in zip(one.stack.layers, back.stack.layers, strict=True):
        assert (before.box, before.layer_ids, before.owner_id, before.baked, before.backdrop_dependence) == (
            after.box,
            after.layer_ids,
            after.owner_id,
            after.baked,
            after.backdrop_dependence,
        )
        np.testing.assert_array_equal(before.rgba, after.rgba)


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 99), st.sampled_from(["png", "webp"]), st.booleans())
def test_an_image_round_trips_with_rgb_0_where_alpha_is_0(width, height, seed, image_format, opaque):
    rgba = np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)
    rgba[..., 3] = 255 if opaque else rgba[..., 3] // 64 * 64
    back = decode_image(encode_image(rgba, image_format), image_format, width, height)
    np.testing.assert_array_equal(back, np.where(rgba[..., 3:] == 0, 0, rgba))


def test_the_member_names_are_the_contract():
    assert list(members_of(sample())) == [
        f"{KEY}.{name}" for name in ("composite.png", "layer_00.png", "layer_01.png", "json", "txt")
    ]


def test_a_bomb_is_refused_before_it_is_decoded():
    out = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(out, "PNG")
    members = members_of(sample())
    members[f"{KEY}.layer_00.png"] = out.getvalue()
    with pytest.raises(ValueError, match="30000x30000 px where 7x5 px are due"):
        read_sample(members)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(width=0), "minimum"),
        (lambda m: m.update(extra=1), "extra"),
        (lambda m: m.update(split="dev"), "split"),
        (lambda m: m["layers"][0].update(box=[1, 0, 11, 5]), "leaves the canvas"),
        (lambda m: m["layers"][0].update(file="../../x"), "does not match"),
        (lambda m: m["layers"].pop(), "wrong members"),
        (lambda m: m.update(key="a.b"), "does not match"),
    ],
)
def test_a_json_that_breaks_the_contract_is_named(change, message):
    members = members_of(sample())
    metadata = copy.deepcopy(decode_json(members[f"{KEY}.json"]))
    change(metadata)
    members[f"{KEY}.json"] = encode_json(metadata)
    with pytest.raises(ValueError, match=message):
        read_sample(members)


@settings(max_examples=60)
@given(st.integers(0, 4000), st.integers(0, 255), st.sampled_from(["png", "webp"]))
def test_a_flipped_byte_is_an_image_or_a_value_error(position, value, image_format):
    data = bytearray(encode_image(sample().stack.layers[0].rgba, image_format))
    data[position % len(data)] = value
    try:
        decode_image(bytes(data), image_format, 7, 5)
    except ValueError:
        return


def test_json_has_one_spelling():
    assert encode_json({"b": 1.5, "a": ["é", None]}) == '{"a":["é",null],"b":1.5}'.encode()
