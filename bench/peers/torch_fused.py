"""torch's own optimizers, fused: its fastest on the CPU. They have no L1."""

import time

import torch
from torch.nn import functional as F

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


def sgd_adamw(problem):
    """The loop of torch's manuals: a linear layer, its gradient by autograd, the fused AdamW."""
    loss_of = F.mse_loss if problem.loss == "squared_error" else F.binary_cross_entropy_with_logits
    factor = 0.5 if problem.loss == "squared_error" else 1.0

    def fit(X, y, generator):
        layer = torch.nn.Linear(X.shape[1], 1)
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
        optimizer = adamw(problem, layer.weight, layer.bias)
        for _ in range(problem.epochs):
            for rows in torch.randperm(len(X), generator=generator).split(problem.batch_size):
                optimizer.zero_grad()
                loss = factor * loss_of(layer(X.index_select(0, rows)).squeeze(1), y.index_select(0, rows))
                loss.backward()
                optimizer.step()
        return layer.weight.detach().numpy().ravel(), layer.bias.item()

    return with_best_threads(fit, problem)


def adamw(problem, coef, intercept):
    """The fused AdamW, which does not decay the intercept."""
    return torch.optim.AdamW(
        [{"params": [coef]}, {"params": [intercept], "weight_decay": 0.0}],
        lr=problem.lr,
        betas=problem.betas,
        eps=problem.eps,
        weight_decay=problem.alpha,
        fused=True,
    )


def with_best_threads(fit, problem):
    """The call of `fit(X, y, generator)` with one thread or with all: which of them is the faster stays."""
    X, y = torch.from_numpy(problem.X), torch.from_numpy(problem.target)

    def call(threads):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            return fit(X, y, torch.Generator().manual_seed(problem.seed))
        finally:
            torch.set_num_threads(before)

    def seconds(threads):
        start = time.perf_counter()
        call(threads)
        return time.perf_counter() - start

    counts = (1, torch.get_num_threads())
    call(1)
    best = min(counts, key=lambda threads: min(seconds(threads) for _ in range(3)))
    return lambda: call(best)
