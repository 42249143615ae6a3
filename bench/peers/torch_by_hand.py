"""torch as a library of arrays: gradient and AdamW in its operations, in place. That is less work than its fused
optimizer's calls are."""

import torch

from bench.peers.torch_fused import VERSION, with_best_threads
from bench.peers.torch_gradient import gradient

__all__ = ["VERSION", "sgd_adamw"]
NAME = "torch, all by hand"


def sgd_adamw(problem):
    beta1, beta2 = problem.betas

    @torch.no_grad()
    def fit(X, y, generator):
        p = X.shape[1]
        # the intercept is the last of the parameters, which does not decay
        w, first, second, g = (torch.zeros(p + 1) for _ in range(4))
        decay = torch.full((p + 1,), 1 - problem.lr * problem.alpha)
        decay[p] = 1.0
        t = 0
        for _ in range(problem.epochs):
            for rows in torch.randperm(len(X), generator=generator).split(problem.batch_size):
                t += 1
                gradient(problem, X, y, rows, w[:p], w[p:], g[:p], g[p:])
                first.lerp_(g, 1 - beta1)
                second.mul_(beta2).addcmul_(g, g, value=1 - beta2)
                scale = second.sqrt().div_((1 - beta2**t) ** 0.5).add_(problem.eps)
                w.mul_(decay).addcdiv_(first, scale, value=-problem.lr / (1 - beta1**t))
        return w[:p].numpy(), w[p].item()

    return with_best_threads(fit, problem)
