#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small pictures of odd sizes and formats, and what the reference processors make of them.

    python image_goldens.py --llava <checkout of haotian-liu/LLaVA> --out <goldens folder>

See README.md for the folder's content. Pictures are drawn from seeds; nothing is a photograph.
"""
import argparse
import importlib.util
import io
import os
import struct
import sys
import types
import zlib

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import numpy as np  # noqa: E402
import PIL  # noqa: E402
import transformers  # noqa: E402
from PIL import Image, features  # noqa: E402
from transformers import CLIPImageProcessor, LlavaNextImageProcessor  # noqa: E402
from transformers.image_utils import load_image  # noqa: E402

MEAN = [0.48145466, 0.4578275, 0.40821073]
STD = [0.26862954, 0.26130258, 0.27577711]


# ---- pictures ----------------------------------------------------------------------------------

def drawn(width, height, seed):
    """Smooth colours, hard edges and some noise: u8 [height, width, 3]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    u, v = x / max(1, width - 1), y / max(1, height - 1)
    out = np.stack([255 * u, 255 * v, 127 * (1 + np.sin(7 * u + 5 * v))], axis=-1)
    for _ in range(6):
        cx, cy, r = rng.random(), rng.random(), 0.05 + 0.2 * rng.random()
        inside = (u - cx) ** 2 + (v - cy) ** 2 < r * r
        out[inside] = rng.integers(0, 256, 3)
    stripes = (x // 3).astype(int) % 2 == 0
    out[stripes & (v > 0.8)] = [250, 20, 30]
    noise = rng.integers(-12, 13, (height, width, 1))
    out = np.where((u < 0.3)[..., None], out + noise, out)
    return np.clip(out, 0, 255).astype(np.uint8)


def picture(width, height, seed, mode="RGB"):
    image = Image.fromarray(drawn(width, height, seed))
    if mode in ("RGBA", "LA"):
        alpha = Image.fromarray(drawn(width, height, seed + 1)[..., 0])
        image = image.convert("L") if mode == "LA" else image
        image.putalpha(alpha)
        return image
    return image.convert(mode) if mode != "RGB" else image


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(width, height, depth, colour, rows, interlaced=False, extra=()):
    """A PNG written by hand, for what Pillow does not write. rows(y, xs, …) gives the bytes of the samples of some columns."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] \
        if interlaced else [(0, 0, 1, 1)]
    raw = b""
    for x0, y0, dx, dy in passes:
        for y in range(y0, height, dy):
            xs = range(x0, width, dx)
            if len(xs):
                raw += b"\0" + rows(y, xs)

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced)))
            + b"".join(chunk(n, d) for n, d in extra) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


def rgb16(width, height, seed):
    high = drawn(width, height, seed).astype(np.uint16)
    low = np.random.default_rng(seed).integers(0, 256, high.shape).astype(np.uint16)
    return png(width, height, 16, 2, lambda y, xs: ((high[y, xs] << 8) | low[y, xs]).astype(">u2").tobytes())


def interlaced(width, height, seed):
    data = drawn(width, height, seed)
    return png(width, height, 8, 2, lambda y, xs: data[y, xs].tobytes(), interlaced=True)


def gray_bits(width, height, depth, seed):
    data = drawn(width, height, seed)[..., 1] >> (8 - depth)

    def row(y, xs):
        bits = "".join(format(int(v), f"0{depth}b") for v in data[y, xs])
        bits += "0" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big")
    return png(width, height, depth, 0, row, interlaced=True)


def palette_rgba(width, height, seed):
    image = picture(width, height, seed).quantize(12)
    return saved(image, "PNG", transparency=bytes([0, 90, 255, 200]), bits=4)


def oriented(width, height, seed, orientation, kind="JPEG", **options):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(picture(width, height, seed), kind, exif=exif, **options)


def ycck(width, height, seed):
    """A CMYK JPEG that claims, in its Adobe segment, to hold YCCK: an odd picture, but one with a defined meaning."""
    data = saved(picture(width, height, seed, "CMYK"), "JPEG", quality=90)
    at = data.index(b"Adobe")
    assert data[at + 11] == 0
    return data[:at + 11] + b"\x02" + data[at + 12:]


def animated(width, height, seed, kind, **options):
    return saved(picture(width, height, seed), kind, save_all=True, append_images=[picture(width, height, seed + 1)], duration=50, **options)


def pictures():
    yield "rgb.png", saved(picture(97, 131, 1), "PNG")
    yield "rgba.png", saved(picture(150, 60, 2, "RGBA"), "PNG")
    yield "palette_alpha.png", palette_rgba(80, 120, 3)
    yield "gray_alpha.png", saved(picture(64, 64, 4, "LA"), "PNG")
    yield "gray2_interlaced.png", gray_bits(53, 71, 2, 5)
    yield "bits.png", saved(picture(120, 45, 6, "1"), "PNG")
    yield "rgb16.png", rgb16(61, 43, 8)
    yield "rgb_interlaced.png", interlaced(45, 101, 9)
    yield "animated.png", animated(60, 50, 10, "PNG")
    yield "tiny.png", saved(picture(1, 1, 11), "PNG")
    yield "strip.png", saved(picture(500, 3, 12), "PNG")
    yield "line.png", saved(picture(1, 40, 13), "PNG")
    yield "jpeg420.jpg", saved(picture(201, 149, 14), "JPEG", quality=85, subsampling="4:2:0")
    yield "jpeg422.jpg", saved(picture(64, 190, 15), "JPEG", quality=70, subsampling="4:2:2")
    yield "jpeg444_progressive.jpg", saved(picture(149, 201, 16), "JPEG", quality=92, subsampling="4:4:4", progressive=True)
    yield "jpeg_gray.jpg", saved(picture(90, 61, 17, "L"), "JPEG")
    yield "jpeg_rgb.jpg", saved(picture(75, 75, 18), "JPEG", keep_rgb=True, quality=90)
    yield "cmyk.jpg", saved(picture(77, 53, 19, "CMYK"), "JPEG", quality=90)
    yield "ycck.jpg", ycck(50, 66, 20)
    yield "lossy.webp", saved(picture(123, 95, 23), "WEBP", quality=75)
    yield "lossy_strong_filter.webp", saved(picture(80, 131, 24), "WEBP", quality=8, method=6)
    yield "lossy_alpha.webp", saved(picture(65, 66, 25, "RGBA"), "WEBP", quality=90)
    yield "lossless.webp", saved(picture(88, 57, 26), "WEBP", lossless=True)
    yield "lossless_alpha.webp", saved(picture(64, 80, 27, "RGBA"), "WEBP", lossless=True, exact=True)
    yield "lossless_palette.webp", saved(picture(70, 41, 28).quantize(11).convert("RGB"), "WEBP", lossless=True)
    yield "animated.webp", animated(61, 50, 29, "WEBP", quality=80)
    yield "rotated.webp", oriented(50, 70, 30, 8, "WEBP", quality=80)
    yield "rotated.jpg", oriented(120, 80, 21, 6, quality=88)
    yield "mirrored.png", oriented(90, 64, 22, 5, "PNG")


# ---- what the reference makes of them -----------------------------------------------------------

def llava_utils(checkout):
    """mm_utils of LLaVA itself, without the rest of its package, which needs a GPU's libraries."""
    package = types.ModuleType("llava")
    package.__path__ = [os.path.join(checkout, "llava")]
    sys.modules["llava"] = package
    spec = importlib.util.spec_from_file_location("llava.mm_utils", os.path.join(checkout, "llava", "mm_utils.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sizes(edge):
    return dict(size={"shortest_edge": edge}, crop_size={"height": edge, "width": edge}, do_rescale=False, do_normalize=False,
                image_mean=MEAN, image_std=STD)


def pinpoints(edge):
    return [[edge, 2 * edge], [2 * edge, edge], [2 * edge, 2 * edge], [3 * edge, edge], [edge, 3 * edge]]


def hf_open(path):
    return load_image(path)


def llava_open(path):
    return Image.open(path).convert("RGB")


def clip(path, edge, llava, **options):
    image = hf_open(path)
    pixels = CLIPImageProcessor(**sizes(edge), **options).preprocess(image, return_tensors="np", input_data_format="channels_last")["pixel_values"]
    return image.size, (1, 1), pixels


def bilinear(path, edge, llava):
    return clip(path, edge, llava, resample=Image.Resampling.BILINEAR)


def lanczos(path, edge, llava):
    return clip(path, edge, llava, resample=Image.Resampling.LANCZOS)


def pad(path, edge, llava):
    image = llava_open(path)
    processor = CLIPImageProcessor(**sizes(edge))
    square = llava.expand2square(image, tuple(int(x * 255) for x in processor.image_mean))
    return image.size, (1, 1), processor.preprocess(square, return_tensors="np", input_data_format="channels_last")["pixel_values"]


def anyres_hf(path, edge, llava):
    image = hf_open(path)
    processor = LlavaNextImageProcessor(image_grid_pinpoints=pinpoints(edge), **sizes(edge))
    pixels = processor.preprocess(image, return_tensors="np", input_data_format="channels_last")["pixel_values"][0]
    height, width = transformers.image_processing_utils.select_best_resolution((image.height, image.width), pinpoints(edge))
    return image.size, (width // edge, height // edge), pixels


def anyres_llava(path, edge, llava):
    image = llava_open(path)
    processor = CLIPImageProcessor(**sizes(edge))
    pixels = llava.process_anyres_image(image, processor, pinpoints(edge)).numpy()
    return image.size, llava.get_anyres_image_grid_shape(image.size, pinpoints(edge), edge), pixels


MODES = dict(clip=clip, pad=pad, anyres_hf=anyres_hf, anyres_llava=anyres_llava, bilinear=bilinear, lanczos=lanczos)
# The other filters are the same code with another curve: a picture that becomes smaller, and one that becomes larger.
FILTERS = {"bilinear", "lanczos"}
FILTERED = {"rgb.png", "line.png"}
# Real size where it matters, small elsewhere to keep the folder small.
EDGES = {"jpeg420.jpg": {"clip": 336}}
SMALL = 32
# Here the grid's picture is one pixel high, which the reference takes for a picture whose channels come first.
MISREAD = {("strip.png", "anyres_hf")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--llava", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    llava = llava_utils(args.llava)
    os.makedirs(os.path.join(args.out, "pictures"), exist_ok=True)
    os.makedirs(os.path.join(args.out, "expected"), exist_ok=True)
    rows = ["picture\tmode\tedge\twidth\theight\tgrid_width\tgrid_height\tpatches"]
    for name, data in pictures():
        path = os.path.join(args.out, "pictures", name)
        with open(path, "wb") as file:
            file.write(data)
        for mode, process in MODES.items():
            if (name, mode) in MISREAD or mode in FILTERS and name not in FILTERED:
                continue
            edge = EDGES.get(name, {}).get(mode, SMALL)
            (width, height), (grid_width, grid_height), pixels = process(path, edge, llava)
            assert pixels.dtype == np.uint8 and pixels.shape[1:] == (3, edge, edge), (name, mode, pixels.dtype, pixels.shape)
            tall = np.concatenate([p.transpose(1, 2, 0) for p in pixels])
            with open(os.path.join(args.out, "expected", f"{name}.{mode}.png"), "wb") as file:
                file.write(saved(Image.fromarray(tall), "PNG", optimize=True))
            rows.append("\t".join(map(str, [name, mode, edge, width, height, grid_width, grid_height, len(pixels)])))
    with open(os.path.join(args.out, "cases.tsv"), "w") as file:
        file.write("\n".join(rows) + "\n")

    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    exact = CLIPImageProcessor(do_resize=False, do_center_crop=False, image_mean=MEAN, image_std=STD)
    values = exact.preprocess(ramp, return_tensors="np", input_data_format="channels_last")["pixel_values"]
    assert values.dtype == np.float32
    values.astype("<f4").tofile(os.path.join(args.out, "normalized_ramp.f32"))
    with open(os.path.join(args.out, "versions.txt"), "w") as file:
        file.write(f"pillow {PIL.__version__} (libjpeg-turbo {features.version('libjpeg_turbo')}, libwebp {features.version('webp')}), "
                   f"transformers {transformers.__version__}, numpy {np.__version__}\n"
                   "clip, bilinear, lanczos, anyres_hf: transformers.image_utils.load_image (EXIF orientation applied, then convert RGB)\n"
                   "pad, anyres_llava: PIL.Image.open(path).convert('RGB') (EXIF orientation ignored)\n")


if __name__ == "__main__":
    main()
