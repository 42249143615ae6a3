"""torch's own optimizers, fused: its fastest on the CPU. They have no L1."""

import torch

NAME = "torch, fused"
VERSION = torch.__version__


def optimizer(problem):
    return None if problem.library != "torch" or problem.l1 else stepper(problem, torch.optim, fused=True)


def stepper(problem, library, **options):
    """Steps of `library`'s optimizer of torch's parameters."""
    params, grads = ([torch.from_numpy(array) for array in part] for part in problem.arrays())
    params = [torch.nn.Parameter(param) for param in params]
    for param, grad in zip(params, grads, strict=True):
        param.grad = grad
    settings = {"lr": problem.lr, "weight_decay": problem.weight_decay, **options}
    if problem.algorithm == "adamw":
        optimizer = library.AdamW(params, betas=problem.betas, eps=problem.eps, **settings)
    else:
        optimizer = library.SGD(params, momentum=problem.momentum, **settings)
    steps = 0

    def call():
        nonlocal steps
        for _ in range(problem.per_call):
            optimizer.step()
        steps += problem.per_call
        return steps, params[0].detach().numpy()

    return call
