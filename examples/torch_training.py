"""A training loop with L2 regularization and its history; what decays (biases and norms do not), and how much.

python examples/torch_training.py
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from shrinkage.optim import History, weight_stats
from shrinkage.torch import SGD, Adam, AdamW, decay_groups


class Network(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        layers = []
        for width in hidden:
            layers += [nn.Linear(inputs, width), nn.ReLU()]
            inputs = width
        self.network = nn.Sequential(*layers, nn.Linear(inputs, outputs))

    def forward(self, x):
        return self.network(x)


def train(model, optimizer, train_loader, val_loader, epochs):
    """Train, and return train_loss, val_loss, weight_norm and other statistics of the weights of every epoch."""
    criterion, history = nn.MSELoss(), History()
    for _ in range(epochs):
        model.train()
        total = 0.0
        for X, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(X), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        model.eval()
        with torch.no_grad():
            val = sum(criterion(model(X), y).item() for X, y in val_loader)
        history.record(train_loss=total / len(train_loader), val_loss=val / len(val_loader), params=model)
    return history


def data(seed=0, samples=600, inputs=20):
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(samples, inputs, generator=generator)
    y = X[:, :1] - 2.0 * X[:, 1:2] * (X[:, 2:3] > 0) + 0.3 * torch.randn(samples, 1, generator=generator)
    train_set, val_set = TensorDataset(X[:400], y[:400]), TensorDataset(X[400:], y[400:])
    return DataLoader(train_set, batch_size=50), DataLoader(val_set, batch_size=50)


def run(make, epochs):
    """The history of a network that the optimizer make(network) trains, and the network."""
    torch.manual_seed(0)
    model = Network(20, [128, 64], 1)
    return train(model, make(model), *data(), epochs), model


def optimizers(epochs=40):
    """Kinds of L2 and of decay: the histories."""
    found = {}
    for name, make in {
        "SGD": lambda model: SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4),
        # lambda |w|^2 in the loss is weight_decay = 2 lambda, in Adam a part of the gradient and in AdamW not
        "Adam, coupled L2": lambda model: Adam(model.parameters(), lr=1e-3, weight_decay=2 * 1e-3),
        "AdamW": lambda model: AdamW(model.parameters(), lr=1e-3, weight_decay=2 * 1e-2),
        "AdamW, weights alone": lambda model: AdamW(decay_groups(model, 2 * 1e-2), lr=1e-3),
        "AdamW, layer by layer": lambda model: AdamW(
            decay_groups(model, 0.01, lr=1e-3, layer_decay={"network.0": 0.001, "network.2": 0.01, "network.4": 0.1})
        ),
        # network.4 at lr, network.2 at 0.9^2 lr, network.0 at 0.9^4 lr
        "AdamW, rates by layer": lambda model: AdamW(decay_groups(model, 2 * 1e-2, lr=1e-3, layer_lr_decay=0.9)),
    }.items():
        history, _ = run(make, epochs)
        found[name] = history
        shown = ((key, history[key][-1]) for key in ("train_loss", "val_loss", "weight_norm"))
        print(f"{name:22}", "  ".join(f"{key} {value:.4f}" for key, value in shown))
    return found


def strengths(values=(0.0, 0.01, 0.1, 1.0, 10.0), epochs=40):
    """The weight_decay with the lowest validation loss, and the statistics of its network's arrays."""
    found = {}
    for decay in values:
        history, model = run(lambda model, decay=decay: AdamW(decay_groups(model, decay), lr=1e-3), epochs)
        found[decay] = min(history["val_loss"]), weight_stats(model)[1]
        print(f"weight_decay={decay:<9g}  val_loss {found[decay][0]:.4f}")
    best = min(found, key=lambda decay: found[decay][0])
    print(f"Weights at weight_decay={best:g}:")
    for name, stats in found[best][1].items():
        print(f"  {name:20} mean {stats.mean_abs:.4f}  max {stats.max_abs:.4f}")
    return best, found


if __name__ == "__main__":
    torch.set_num_threads(1)  # faster for so small a network
    optimizers()
    strengths()
