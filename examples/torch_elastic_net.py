"""An elastic net on the first layer of a torch network: weights that are exactly zero, and inputs that are not used.

python examples/torch_elastic_net.py
"""

import torch
from torch import nn

from shrinkage.torch import AdamW


def main(l1=0.02, steps=800):
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(500, 30, generator=generator)
    y = torch.tanh(X[:, :1] + X[:, 1:2]) - X[:, 2:3] + 0.1 * torch.randn(500, 1, generator=generator)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(30, 16), nn.Tanh(), nn.Linear(16, 1))
    first = model[0].weight
    rest = [parameter for parameter in model.parameters() if parameter is not first]
    # in Adam's own metric, where l1 is that of the loss plus l1 |w| whatever the scale of the gradients
    optimizer = AdamW(
        [{"params": [first], "l1": l1, "weight_decay": 1e-2}, {"params": rest, "weight_decay": 0.0}],
        lr=3e-3,
        proximal="metric",
    )
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(X), y)
        loss.backward()
        optimizer.step()
    zeros = (first == 0).float().mean().item()
    used = torch.nonzero((first != 0).any(dim=0)).ravel().tolist()
    print(f"loss {loss.item():.4f}, exact zeros in the first layer {zeros:.0%}, inputs used {used}")
    return loss.item(), zeros, used


if __name__ == "__main__":
    main()
