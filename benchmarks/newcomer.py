"""The study as a careful newcomer would write it: the yardstick of the benchmark.

Plain torch modules, torchvision's transforms on every image, a DataLoader with workers that stay,
`nn.MultiheadAttention` as it comes. Parameters are in the order of Blocklab's networks.
"""

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

CLASSES = 10
WORKERS = 2


class Images(Dataset):
    """What torchvision's MNIST class does for every image, on images in memory."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, size: int) -> None:
        self.images, self.labels = images, labels
        self.transform = transforms.Compose([transforms.Resize(size), transforms.ToTensor()])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image = Image.fromarray(self.images[index].numpy(), mode="L")
        return self.transform(image), int(self.labels[index])


def loader(images: torch.Tensor, labels: torch.Tensor, size: int, batch_size: int) -> DataLoader:
    """Return shuffled batches of uint8 images [N, 28, 28], resized to `size`."""
    dataset = Images(images, labels, size)
    return DataLoader(
        dataset,
        batch_size=batch_size,
        shuffle=True,
        num_workers=WORKERS,
        persistent_workers=True,
        pin_memory=torch.cuda.is_available(),
    )


def double_softmax(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The homework's loss: softmax, then a loss that applies it again."""
    return nn.functional.cross_entropy(torch.softmax(logits, dim=1), labels)


def train(network, batches, device, gate) -> None:
    """Train with Adam until `gate`, asked before every epoch, says stop."""
    network.to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    while gate():
        network.train()
        total, correct = 0.0, 0
        for images, labels in batches:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            logits = network(images)
            loss = double_softmax(logits, labels)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
            correct += (logits.argmax(dim=1) == labels).sum().item()


def conv(channels: int, out: int, kernel: int = 1, activation: type = nn.SiLU) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(out),
        activation(),
    )


class Bottleneck(nn.Module):
    def __init__(self, channels: int, out: int, hidden: int) -> None:
        super().__init__()
        self.first = conv(channels, hidden, 3)
        self.second = conv(hidden, out, 3)
        self.residual = channels == out

    def forward(self, x):
        y = self.second(self.first(x))
        return x + y if self.residual else y


class CSP(nn.Module):
    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        hidden = out // 2
        self.deep = nn.Sequential(
            conv(channels, hidden),
            Bottleneck(hidden, hidden, hidden),
            nn.Conv2d(hidden, hidden, 1, bias=False),
        )
        self.around = nn.Conv2d(channels, hidden, 1, bias=False)
        self.norm = nn.BatchNorm2d(2 * hidden)
        self.fuse = conv(2 * hidden, out)

    def forward(self, x):
        y = torch.cat([self.deep(x), self.around(x)], dim=1)
        return self.fuse(nn.functional.silu(self.norm(y)))


class SPPF(nn.Module):
    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.reduce = conv(channels, channels // 2)
        self.pool = nn.MaxPool2d(5, stride=1, padding=2)
        self.fuse = conv(channels * 2, out)

    def forward(self, x):
        x = self.reduce(x)
        y = self.pool(x)
        z = self.pool(y)
        return self.fuse(torch.cat([x, y, z, self.pool(z)], dim=1))


class TransformerLayer(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Linear(channels, channels, bias=False)
        self.key = nn.Linear(channels, channels, bias=False)
        self.value = nn.Linear(channels, channels, bias=False)
        self.attention = nn.MultiheadAttention(channels, 1, batch_first=True)
        self.first = nn.Linear(channels, channels, bias=False)
        self.second = nn.Linear(channels, channels, bias=False)

    def forward(self, x):
        x = x + self.attention(self.query(x), self.key(x), self.value(x))[0]
        return x + self.second(self.first(x))


class Transformer(nn.Module):
    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.embed = conv(channels, out)
        self.content = nn.Linear(out, out)
        self.layers = nn.Sequential(TransformerLayer(out), TransformerLayer(out))

    def forward(self, x):
        tokens = self.embed(x).flatten(2).transpose(1, 2)
        tokens = self.layers(tokens + self.content(tokens))
        return tokens.transpose(1, 2).reshape(len(x), -1, *x.shape[2:])


def exp3() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 10, 5),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(10, 20, 5),
        nn.Dropout2d(),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(500, 50),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(50, CLASSES),
    )


def vgg() -> nn.Sequential:
    return nn.Sequential(
        conv(1, 8, 3, nn.ReLU),
        conv(8, 8, 3, nn.ReLU),
        nn.MaxPool2d(2),
        conv(8, 16, 3, nn.ReLU),
        conv(16, 16, 3, nn.ReLU),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1024, CLASSES),
    )


def bottleneck() -> nn.Sequential:
    blocks = [Bottleneck(1, 8, 4), Bottleneck(8, 16, 8)]
    return nn.Sequential(*blocks, nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4096, CLASSES))


def transformer() -> nn.Sequential:
    return nn.Sequential(Transformer(1, 8), nn.Flatten(), nn.Linear(8192, CLASSES))


def csp() -> nn.Sequential:
    blocks = [CSP(1, 8), CSP(8, 16)]
    return nn.Sequential(*blocks, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4096, CLASSES))


def sppf() -> nn.Sequential:
    blocks = [conv(1, 8), SPPF(8, 16), SPPF(16, 32)]
    return nn.Sequential(*blocks, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8192, CLASSES))


NETWORKS = {
    "exp3": exp3,
    "vgg": vgg,
    "bottleneck": bottleneck,
    "transformer": transformer,
    "csp": csp,
    "sppf": sppf,
}
