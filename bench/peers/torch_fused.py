"""torch's own optimizers, fused: its fastest on the CPU. They have no L1."""

import torch

NAME = "torch, fused"
VERSION = torch.__version__


def optimizer(problem):
    return (
        None if problem.library != "torch" or problem.l1 else steps_of(*make(problem, torch.optim, fused=True), problem)
    )


def make(problem, library, **options):
    """`library`'s optimizer of torch's parameters, and the first of them."""
    params, grads = ([torch.from_numpy(array) for array in part] for part in problem.arrays())
    params = [torch.nn.Parameter(param) for param in params]
    for param, grad in zip(params, grads, strict=True):
        param.grad = grad
    settings = {"lr": problem.lr, "weight_decay": problem.weight_decay, **options}
    if problem.algorithm == "adamw":
        return library.AdamW(params, betas=problem.betas, eps=problem.eps, **settings), params[0]
    return library.SGD(params, momentum=problem.momentum, **settings), params[0]


def steps_of(optimizer, first, problem, l1=None, taken=None):
    """Calls that take steps and note the L1 of each in the list `taken`; `l1` is set before them where it is given."""
    taken = [] if taken is None else taken

    def call():
        if l1 is not None:
            optimizer.param_groups[0]["l1"] = l1
        for _ in range(problem.per_call):
            optimizer.step()
        taken.extend([l1 or 0.0] * problem.per_call)
        return taken, first.detach().numpy()

    return call
