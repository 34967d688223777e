"""The front doors of the model, on tiny random networks."""

import numpy as np
import pytest
import torch
from PIL import Image

from data_pipeline.stack_io.formats import read_stack
from inference import decompose as door
from inference.decompose import decompose, decompose_layer
from inference.drawing import DrawOptions, noise
from model.sampler import SamplerOptions
from tests.data_pipeline.stack_pixels import same_pixels

QUICK = DrawOptions(layers=3, resolution=64, sampler=SamplerOptions(steps=2))


def picture(seed, width, height):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)


def test_a_batch_gives_what_its_pictures_give_alone(loaded):
    pictures = [picture(0, 64, 64), picture(1, 90, 50)]
    together = decompose(loaded, pictures, ["a", "b"], QUICK)
    assert [(stack.width, stack.height, len(stack.layers)) for stack in together] == [(64, 64, 3), (96, 32, 3)]
    alone = decompose(loaded, pictures[1:], ["b"], QUICK, first=1)[0]
    assert same_pixels(together[1], alone, within=1)


def test_the_seed_decides(loaded):
    one, same, other = (
        decompose(loaded, [picture(0, 64, 64)], ["a"], DrawOptions(3, 64, seed=seed, sampler=QUICK.sampler))[0]
        for seed in (0, 0, 1)
    )
    assert same_pixels(one, same)
    assert not same_pixels(one, other)


def test_noise_is_of_its_sample_alone():
    assert torch.equal(noise((2, 1, 2, 2), 3, 5), noise((2, 1, 2, 2), 3, 5))
    assert not torch.equal(noise((2, 1, 2, 2), 3, 5), noise((2, 1, 2, 2), 3, 6))


def test_auto_draws_as_many_layers_as_there_may_be():
    assert DrawOptions(layers=None).frames == 21


def test_a_layer_is_decomposed_in_its_place(loaded):
    stack = decompose(loaded, [picture(0, 90, 50)], ["a"], QUICK)[0]
    deeper = decompose_layer(loaded, stack, 1, "a", QUICK)
    assert [layer.name for layer in deeper.layers] == ["Layer 0", "Layer 1.0", "Layer 1.1", "Layer 1.2", "Layer 2"]
    assert deeper.layers[1].groups == ("Layer 1",)
    with pytest.raises(ValueError, match="no layer 3; the stack has 3"):
        decompose_layer(loaded, stack, 3, "a", QUICK)


def run(*arguments):
    return door.main([str(argument) for argument in arguments])


def test_pngs_and_a_psd_come_out(checkpoint, tmp_path, capsys):
    Image.fromarray(picture(0, 40, 40)).save(tmp_path / "a.png")
    out = tmp_path / "out"
    arguments = ("--checkpoint", checkpoint, "--layers", 2, "--steps", 1, "--resolution", 64, "--output", out)
    assert run(tmp_path / "a.png", "--prompt", "x", "--device", "cpu", *arguments) == 0
    assert "2 layers of 64 x 64 px" in capsys.readouterr().out
    stack = read_stack(out / "a")
    assert len(stack.layers) == 2
    assert same_pixels(read_stack(out / "a.psd"), stack)


def test_without_a_prompt_the_checkpoint_captions(checkpoint, tmp_path, monkeypatch):
    Image.fromarray(picture(0, 60, 60)).save(tmp_path / "a.png")
    asked = []
    monkeypatch.setattr(door, "caption_pictures", lambda folder, paths: asked.append((folder, paths)) or ["a caption"])
    arguments = ("--checkpoint", checkpoint, "--steps", 1, "--resolution", 64, "--output", tmp_path / "out")
    assert run(tmp_path / "a.png", "--device", "cpu", *arguments) == 0
    assert asked == [(checkpoint, [tmp_path / "a.png"])]


def test_auto_warns_of_weights_that_were_not_trained_to_stop(checkpoint, tmp_path, capsys):
    Image.fromarray(picture(0, 40, 40)).save(tmp_path / "a.png")
    arguments = ("--checkpoint", checkpoint, "--layers", "auto", "--steps", 1, "--resolution", 32)
    assert run(tmp_path / "a.png", "--prompt", "x", "--output", tmp_path / "out", *arguments) == 0
    assert "LAYERS=auto may keep layers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--layers", "22"], "layers is 22; it must lie in 1..20"),
        (["--layers", "many"], "a number or auto"),
        (["--resolution", "650"], "resolution is 650"),
        (["--batch", "0"], "batch is 0"),
        (["--steps", "0"], "steps is 0"),
        (["--guidance", "nan"], "guidance is nan"),
        (["--seed", "-1"], "seed is -1"),
        (["--seed", str(1 << 70)], "it must lie in 0.."),
        (["--layers", "3", "--recurse", "3"], "recurse is 3; it must be a layer that is drawn, 0..2"),
        (["--layers", "auto", "--recurse", "-1"], "0..19"),
        (["--device", "tpu"], "device is 'tpu'"),
        (["--checkpoint", "nowhere"], "checkpoint is 'nowhere'"),
    ],
)
def test_a_wrong_value_is_one_sentence_before_any_work(checkpoint, tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.setattr(door, "load", lambda *arguments: pytest.fail("it began to work"))
    Image.fromarray(picture(0, 40, 40)).save(tmp_path / "a.png")
    out = tmp_path / "out"
    assert run(tmp_path / "a.png", "--prompt", "x", "--checkpoint", checkpoint, "--output", out, *arguments) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert message in said[0]
    assert not out.exists()


def saved(folder, kind):
    small = Image.fromarray(picture(0, 40, 30))
    path = folder / f"{kind}.jpg" if kind in ("cmyk", "turned") else folder / f"{kind}.png"
    if kind == "cmyk":
        small.convert("RGB").convert("CMYK").save(path)
    elif kind == "palette":
        small.convert("RGB").convert("P").save(path)
    elif kind == "deep":
        Image.fromarray(np.zeros((3, 3), np.uint16)).save(path)
    elif kind == "animated":
        small.save(path, save_all=True, append_images=[small.rotate(90)])
    elif kind == "thread":
        Image.new("L", (10_000, 3)).save(path)
    elif kind == "pixel":
        Image.new("L", (1, 1)).save(path)
    else:
        small.save(path)
        path.write_bytes(path.read_bytes()[:-500])
    return path


@pytest.mark.parametrize("kind", ["cmyk", "palette", "pixel"])
def test_pictures_of_many_kinds_are_decomposed(checkpoint, tmp_path, kind):
    arguments = ("--checkpoint", checkpoint, "--layers", 1, "--steps", 1, "--resolution", 32, "--device", "cpu")
    assert run(saved(tmp_path, kind), "--prompt", "x", "--output", tmp_path / "out", *arguments) == 0
    assert len(read_stack(tmp_path / "out" / kind).layers) == 1


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("deep", "more than 8 bits"),
        ("animated", "is an animation"),
        ("thread", "too long and thin"),
        ("cut", "cannot be read"),
    ],
)
def test_a_picture_that_cannot_be_is_told_before_any_work(checkpoint, tmp_path, capsys, monkeypatch, kind, message):
    monkeypatch.setattr(door, "load", lambda *arguments: pytest.fail("it began to work"))
    Image.fromarray(picture(0, 40, 40)).save(tmp_path / "good.png")
    arguments = ("--checkpoint", checkpoint, "--output", tmp_path / "out")
    assert run(tmp_path / "good.png", saved(tmp_path, kind), "--prompt", "x", *arguments) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert message in said[0]


def test_a_batch_recurses_and_names_are_kept_apart(checkpoint, tmp_path, capsys):
    for folder, name in (("a", "x.v2.png"), ("b", "x.v2.png"), ("b", "y.png")):
        (tmp_path / folder).mkdir(exist_ok=True)
        Image.fromarray(picture(0, 40, 40)).save(tmp_path / folder / name)
    arguments = ("--checkpoint", checkpoint, "--layers", 2, "--steps", 1, "--resolution", 32, "--device", "cpu")
    out = tmp_path / "out"
    where = (tmp_path / "a", tmp_path / "b")
    assert run(*where, "--prompt", "x", "--batch", 2, "--recurse", 1, "--output", out, *arguments) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    for name in ("x_v2", "x_v2-2", "y"):
        assert [len(read_stack(out / end).layers) for end in (name, f"{name}.psd")] == [3, 3]


def test_auto_that_ends_before_the_layer_to_recurse_into_says_so_and_keeps_what_was_drawn(
    checkpoint, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("inference.drawing.without_blank_end", lambda layers: layers[:2])
    Image.fromarray(picture(0, 40, 40)).save(tmp_path / "a.png")
    arguments = ("--checkpoint", checkpoint, "--layers", "auto", "--steps", 1, "--resolution", 32, "--device", "cpu")
    assert run(tmp_path / "a.png", "--prompt", "x", "--recurse", 7, "--output", tmp_path / "out", *arguments) == 0
    assert "a came out in 2 layers, so none is layer 7" in capsys.readouterr().err
    assert len(read_stack(tmp_path / "out" / "a").layers) == 2
