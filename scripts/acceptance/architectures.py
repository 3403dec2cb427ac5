"""Exports networks with random weights by PyTorch, as exporters write them, one ONNX file each.

    python3 architectures.py FOLDER [WORD]    all of them, or those with WORD in the name
"""

import sys
import warnings

import torch
import torch.nn.functional as F
from torch import nn

warnings.filterwarnings("ignore")
torch.manual_seed(7)
torch.backends.mha.set_fastpath_enabled(False)  # its operator has no counterpart in ONNX


class Of(nn.Module):
    """A network of a function of modules and x."""

    def __init__(self, f, **parts):
        super().__init__()
        self.parts = nn.ModuleDict(parts)
        self.f = f

    def forward(self, x):
        return self.f(self.parts, x)


def mlp(act, norm=None, size=16):
    layers = [nn.Linear(size, 32)] + ([norm] if norm else []) + [act, nn.Linear(32, 8)]
    return nn.Sequential(*layers), (size,)


def small_cnn(*layers, channels=3, side=16, head=True):
    net = list(layers)
    if head:
        net += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(10)]
    return nn.Sequential(*net), (channels, side, side)


class Residual(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


class SqueezeExcite(nn.Module):
    def __init__(self, c, gate=nn.Sigmoid()):
        super().__init__()
        self.net = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, c // 4, 1), nn.ReLU(), nn.Conv2d(c // 4, c, 1), gate
        )

    def forward(self, x):
        return x * self.net(x)


class UNet(nn.Module):
    def __init__(self, up):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU())
        self.middle = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU())
        self.up = up
        self.end = nn.Conv2d(24, 1, 3, padding=1)

    def forward(self, x):
        a = self.down(x)
        return self.end(torch.cat([a, self.up(self.middle(a))], 1))


class Dense(nn.Module):
    def __init__(self, layers=4, growth=8):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(3 + i * growth), nn.ReLU(), nn.Conv2d(3 + i * growth, growth, 3, padding=1))
            for i in range(layers)
        )
        self.head = nn.Linear(3 + layers * growth, 10)

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return self.head(x.mean((2, 3)))


class Attention(nn.Module):
    def __init__(self, d=16, heads=2, causal=False):
        super().__init__()
        self.qkv, self.out, self.heads, self.causal = nn.Linear(d, 3 * d), nn.Linear(d, d), heads, causal

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        a = q @ k.transpose(-2, -1) / (d // self.heads) ** 0.5
        if self.causal:
            a = a.masked_fill(torch.triu(torch.ones(n, n, dtype=torch.bool), 1), float("-inf"))
        return self.out((a.softmax(-1) @ v).transpose(1, 2).reshape(b, n, d))


def block(d=16, causal=False):
    return nn.Sequential(
        Residual(nn.Sequential(nn.LayerNorm(d), Attention(d, causal=causal))),
        Residual(nn.Sequential(nn.LayerNorm(d), nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))),
    )


class Gpt(nn.Module):
    """Embeddings in, logits out."""

    def __init__(self, d=16, n=8):
        super().__init__()
        self.places = nn.Parameter(torch.randn(n, d) * 0.1)
        self.blocks = nn.Sequential(block(d, True), block(d, True), nn.LayerNorm(d), nn.Linear(d, 20))

    def forward(self, x):
        return self.blocks(x + self.places)


class Patches(nn.Module):
    def __init__(self, d=16):
        super().__init__()
        self.cut, self.token = nn.Conv2d(3, d, 4, 4), nn.Parameter(torch.zeros(1, 1, d))
        self.places = nn.Parameter(torch.randn(17, d) * 0.1)
        self.blocks, self.head = nn.Sequential(block(d), block(d), nn.LayerNorm(d)), nn.Linear(d, 10)

    def forward(self, x):
        x = self.cut(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)
        return self.head(self.blocks(x + self.places)[:, 0])


class Last(nn.Module):
    """The last state of a recurrence, and a line."""

    def __init__(self, cell, hidden):
        super().__init__()
        self.cell, self.head = cell, nn.Linear(hidden, 4)

    def forward(self, x):
        return self.head(self.cell(x)[0][:, -1])


class Detector(nn.Module):
    """Boxes and scores at two scales in one output, as YOLO has them."""

    def __init__(self):
        super().__init__()
        conv = lambda a, b, s: nn.Sequential(nn.Conv2d(a, b, 3, s, 1, bias=False), nn.BatchNorm2d(b), nn.SiLU())
        self.a, self.b, self.c = conv(3, 8, 2), conv(8, 16, 2), conv(16, 32, 2)
        self.fuse, self.heads = conv(48, 16, 1), nn.ModuleList([nn.Conv2d(16, 12, 1), nn.Conv2d(32, 12, 1)])

    def forward(self, x):
        b = self.b(self.a(x))
        c = self.c(b)
        near = self.fuse(torch.cat([b, F.interpolate(c, scale_factor=2.0)], 1))
        flat = torch.cat([head(y).flatten(2) for head, y in zip(self.heads, [near, c])], 2)
        box, scores = flat.split([4, 8], 1)
        return torch.cat([box.sigmoid() * 2 - 0.5, scores.sigmoid()], 1)


class Next(nn.Module):
    """A block of ConvNeXt."""

    def __init__(self, c=16):
        super().__init__()
        self.depth, self.norm = nn.Conv2d(c, c, 7, padding=3, groups=c), nn.LayerNorm(c)
        self.a, self.b, self.scale = nn.Linear(c, 4 * c), nn.Linear(4 * c, c), nn.Parameter(torch.ones(c) * 0.1)

    def forward(self, x):
        y = self.depth(x).permute(0, 2, 3, 1)
        return x + (self.scale * self.b(F.gelu(self.a(self.norm(y))))).permute(0, 3, 1, 2)


def shuffle(parts, x):
    a, b = parts["stem"](x).chunk(2, 1)
    y = torch.cat([a, parts["side"](b)], 1)
    n, c, h, w = y.shape
    return parts["head"](y.reshape(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w).mean((2, 3)))


def vision(name, side=224):
    import torchvision.models as models

    return getattr(models, name)(weights=None), (3, side, side)


conv = lambda a, b, s=1: nn.Conv2d(a, b, 3, s, 1)
norm = lambda n: nn.LayerNorm(n)
image = (3, 16, 16)

networks = {
    **{f"mlp-{name}": lambda act=act: mlp(act) for name, act in {
        "relu": nn.ReLU(), "silu": nn.SiLU(), "gelu": nn.GELU(), "gelu-tanh": nn.GELU("tanh"),
        "hardswish": nn.Hardswish(), "mish": nn.Mish(), "elu": nn.ELU(), "softplus": nn.Softplus(),
        "relu6": nn.ReLU6(), "leaky": nn.LeakyReLU(), "tanh": nn.Tanh(), "softsign": nn.Softsign(),
    }.items()},
    "mlp-layernorm": lambda: mlp(nn.ReLU(), norm(32)),
    "mlp-batchnorm": lambda: mlp(nn.ReLU(), nn.BatchNorm1d(32)),
    "mlp-glu": lambda: (nn.Sequential(nn.Linear(16, 64), nn.GLU(), nn.Linear(32, 8)), (16,)),
    "mlp-residual": lambda: (nn.Sequential(Residual(nn.Sequential(nn.Linear(16, 16), nn.ReLU())), nn.Linear(16, 4)), (16,)),
    "mlp-softmax-inside": lambda: (nn.Sequential(nn.Linear(16, 8), nn.Softmax(-1), nn.Linear(8, 4)), (16,)),
    "mlp-rmsnorm": lambda: (Of(lambda p, x: p["b"](x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)), b=nn.Linear(16, 4)), (16,)),
    "mlp-gather": lambda: (Of(lambda p, x: p["a"](x[:, [0, 3, 5, 7]]), a=nn.Linear(4, 3)), (16,)),
    "mlp-slice": lambda: (Of(lambda p, x: p["a"](x[:, 2:10]), a=nn.Linear(8, 3)), (16,)),
    "mlp-split": lambda: (Of(lambda p, x: p["a"](x[:, :8]) * p["b"](x[:, 8:]), a=nn.Linear(8, 3), b=nn.Linear(8, 3)), (16,)),
    "mlp-sine": lambda: (Of(lambda p, x: p["b"](torch.sin(p["a"](x))), a=nn.Linear(16, 32), b=nn.Linear(32, 2)), (16,)),
    "mlp-mixture-of-experts": lambda: (Of(lambda p, x: (p["g"](x).softmax(-1).unsqueeze(-1) * torch.stack([p["a"](x), p["b"](x)], 1)).sum(1), g=nn.Linear(16, 2), a=nn.Linear(16, 4), b=nn.Linear(16, 4)), (16,)),
    "autoencoder": lambda: (nn.Sequential(nn.Linear(16, 4), nn.SiLU(), nn.Linear(4, 16)), (16,)),
    "cnn-plain": lambda: small_cnn(conv(3, 8), nn.ReLU(), nn.MaxPool2d(2), conv(8, 16), nn.ReLU()),
    "cnn-avgpool": lambda: small_cnn(conv(3, 8), nn.ReLU(), nn.AvgPool2d(2, 2)),
    "cnn-squeeze-excite": lambda: small_cnn(conv(3, 16), nn.SiLU(), SqueezeExcite(16)),
    "cnn-hard-squeeze-excite": lambda: small_cnn(conv(3, 16), nn.Hardswish(), SqueezeExcite(16, nn.Hardsigmoid())),
    "cnn-instancenorm": lambda: small_cnn(conv(3, 8), nn.InstanceNorm2d(8, affine=True), nn.ReLU()),
    "cnn-groupnorm": lambda: small_cnn(conv(3, 8), nn.GroupNorm(2, 8), nn.SiLU()),
    "cnn-depthwise": lambda: small_cnn(conv(3, 8), nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.ReLU6(), nn.Conv2d(8, 16, 1)),
    "cnn-dilated": lambda: small_cnn(nn.Conv2d(3, 8, 3, padding=2, dilation=2), nn.ReLU()),
    "cnn-pixelshuffle": lambda: small_cnn(conv(3, 12), nn.PixelShuffle(2), head=False),
    "cnn-pixelunshuffle": lambda: small_cnn(nn.PixelUnshuffle(2), conv(12, 8), nn.SiLU()),
    "cnn-resize-nearest": lambda: small_cnn(conv(3, 4), nn.Upsample(scale_factor=2), conv(4, 1), head=False),
    "cnn-resize-linear": lambda: small_cnn(conv(3, 4), nn.Upsample(scale_factor=2, mode="bilinear"), conv(4, 1), head=False),
    "cnn-transposed": lambda: small_cnn(conv(3, 4), nn.ConvTranspose2d(4, 2, 4, 2, 1), head=False),
    "cnn-reflect": lambda: small_cnn(nn.ReflectionPad2d(1), nn.Conv2d(3, 8, 3), nn.ReLU()),
    "cnn-shuffle": lambda: (Of(shuffle, stem=conv(3, 8), side=nn.Sequential(conv(4, 4), nn.ReLU()), head=nn.Linear(8, 10)), image),
    "resnet-small": lambda: small_cnn(conv(3, 8), Residual(nn.Sequential(conv(8, 8), nn.BatchNorm2d(8), nn.ReLU(), conv(8, 8))), nn.ReLU()),
    "densenet-small": lambda: (Dense(), image),
    "unet-transposed": lambda: (UNet(nn.ConvTranspose2d(16, 16, 2, 2)), (1, 16, 16)),
    "unet-resize": lambda: (UNet(nn.Upsample(scale_factor=2, mode="bilinear")), (1, 16, 16)),
    "convnext-small": lambda: small_cnn(nn.Conv2d(3, 16, 2, 2), Next(), Next()),
    "yolo-like": lambda: (Detector(), (3, 32, 32)),
    "vit-small": lambda: (Patches(), image),
    "gpt-small": lambda: (Gpt(), (8, 16)),
    "attention": lambda: (nn.Sequential(Attention(), nn.Flatten(), nn.Linear(128, 4)), (8, 16)),
    "transformer-encoder": lambda: (nn.Sequential(block(), nn.Flatten(), nn.Linear(128, 4)), (8, 16)),
    "mixer": lambda: (Of(lambda p, x: p["head"]((x + p["t"](x.transpose(1, 2)).transpose(1, 2)).mean(1)), t=nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8)), head=nn.Linear(16, 4)), (8, 16)),
    "gru": lambda: (Last(nn.GRU(6, 12, batch_first=True), 12), (10, 6)),
    "lstm": lambda: (Last(nn.LSTM(6, 12, batch_first=True), 12), (10, 6)),
    "lstm-both-ways": lambda: (Last(nn.LSTM(6, 12, batch_first=True, bidirectional=True), 24), (10, 6)),
    "rnn": lambda: (Last(nn.RNN(6, 12, batch_first=True), 12), (10, 6)),
    "conv1d": lambda: (nn.Sequential(nn.Conv1d(4, 8, 3, padding=1), nn.SiLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 3)), (4, 20)),
    "conv1d-gated": lambda: (Of(lambda p, x: (torch.tanh(p["a"](x)) * torch.sigmoid(p["b"](x))).mean(2), a=nn.Conv1d(4, 8, 3), b=nn.Conv1d(4, 8, 3)), (4, 20)),
    "resnet18": lambda: vision("resnet18"),
    "resnet50": lambda: vision("resnet50"),
    "mobilenet-v2": lambda: vision("mobilenet_v2"),
    "mobilenet-v3": lambda: vision("mobilenet_v3_small"),
    "efficientnet-b0": lambda: vision("efficientnet_b0"),
    "densenet121": lambda: vision("densenet121"),
    "convnext-tiny": lambda: vision("convnext_tiny"),
    "vit-b-16": lambda: vision("vit_b_16"),
    "shufflenet": lambda: vision("shufflenet_v2_x1_0"),
    "squeezenet": lambda: vision("squeezenet1_1"),
}

folder, word = sys.argv[1], (sys.argv[2] if len(sys.argv) > 2 else "")
for name, make in networks.items():
    if word not in name:
        continue
    net, shape = make()
    net.eval()
    x = torch.rand(2, *shape)
    with torch.no_grad():
        net(x)
        torch.onnx.export(
            net, x, f"{folder}/{name}.onnx", opset_version=17, dynamo=False,
            input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}},
        )
    print(name, *shape, flush=True)
