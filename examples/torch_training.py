"""A training loop with L2 regularization, its history, and what decays: biases and norms do not, layers differ.

python examples/torch_training.py
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from shrinkage.optim import History
from shrinkage.torch import Adam, AdamW, decay_groups


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
    """Train, and return train_loss, val_loss and weight_norm of every epoch."""
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
            norm = sum(p.norm().item() ** 2 for p in model.parameters()) ** 0.5
        history.record(train_loss=total / len(train_loader), val_loss=val / len(val_loader), weight_norm=norm)
    return history


def data(seed=0, samples=600, inputs=20):
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(samples, inputs, generator=generator)
    y = X[:, :1] - 2.0 * X[:, 1:2] * (X[:, 2:3] > 0) + 0.3 * torch.randn(samples, 1, generator=generator)
    train_set, val_set = TensorDataset(X[:400], y[:400]), TensorDataset(X[400:], y[400:])
    return DataLoader(train_set, batch_size=50), DataLoader(val_set, batch_size=50)


def main(epochs=40):
    train_loader, val_loader = data()
    found = {}
    for name, make in {
        # lambda |w|^2 in the loss is weight_decay = 2 lambda, in Adam a part of the gradient and in AdamW not
        "Adam, coupled L2": lambda model: Adam(model.parameters(), lr=1e-3, weight_decay=2 * 1e-3),
        "AdamW": lambda model: AdamW(model.parameters(), lr=1e-3, weight_decay=2 * 1e-2),
        "AdamW, weights alone": lambda model: AdamW(decay_groups(model, 2 * 1e-2), lr=1e-3),
        "AdamW, layer by layer": lambda model: AdamW(
            decay_groups(model, 0.01, lr=1e-3, layer_decay={"network.0": 0.001, "network.2": 0.01, "network.4": 0.1})
        ),
    }.items():
        torch.manual_seed(0)
        model = Network(20, [128, 64], 1)
        history = found[name] = train(model, make(model), train_loader, val_loader, epochs)
        last = {key: values[-1] for key, values in history.items()}
        print(f"{name:22}", "  ".join(f"{key} {value:.4f}" for key, value in last.items()))
    return found


if __name__ == "__main__":
    main()
