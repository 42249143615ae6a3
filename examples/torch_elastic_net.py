"""An elastic net on the first layer of a torch network: weights that are exactly zero, and inputs that are not used.

The penalty is l1 |w| + weight_decay w^2 / 2 beside the loss, or lambda_1 |w| + lambda_2 w^2 with weight_decay twice
lambda_2.

    python examples/torch_elastic_net.py
"""

import torch
from torch import nn

from shrinkage.optim import weight_stats
from shrinkage.torch import Adam


def train(l1, weight_decay, steps=800):
    """The loss, the share of exact zeros in the first layer, and the inputs that it uses."""
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(500, 30, generator=generator)
    y = torch.tanh(X[:, :1] + X[:, 1:2]) - X[:, 2:3] + 0.1 * torch.randn(500, 1, generator=generator)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(30, 16), nn.Tanh(), nn.Linear(16, 1))
    first = model[0].weight
    rest = [parameter for parameter in model.parameters() if parameter is not first]
    # in Adam's own metric l1 is that of the penalty, whatever the scale of the gradients
    optimizer = Adam(
        [{"params": [first], "l1": l1, "weight_decay": weight_decay}, {"params": rest}], lr=3e-3, proximal="metric"
    )
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(X), y)
        loss.backward()
        optimizer.step()
    used = torch.nonzero((first != 0).any(dim=0)).ravel().tolist()
    return loss.item(), weight_stats([first])[0].zeros, used


def main():
    found = {}
    for name, l1, weight_decay in (
        ("no penalty", 0.0, 0.0), ("L2", 0.0, 1e-2), ("L1", 0.03, 0.0), ("elastic net", 0.03, 1e-2)
    ):  # fmt: skip
        loss, zeros, used = found[name] = train(l1, weight_decay)
        shown = used if len(used) < 10 else f"all {len(used)}"
        print(f"{name:12} loss {loss:.4f}, exact zeros in the first layer {zeros:.0%}, inputs used {shown}")
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)  # faster for so small a network
    main()
