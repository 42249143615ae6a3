"""torch as a library of arrays: gradient and AdamW written in its operations, in place, which autograd and the fused
optimizer's own calls take longer than."""

import torch

from bench.peers.torch_fused import VERSION, with_best_threads

__all__ = ["VERSION", "sgd_adamw"]
NAME = "torch, by hand"

BETAS = (0.9, 0.999)
EPS = 1e-8


def sgd_adamw(problem):
    squared = problem.loss == "squared_error"

    @torch.no_grad()
    def fit(X, y, generator):
        p = X.shape[1]
        # the intercept is the last of the parameters, which does not decay
        w, first, second, gradient = (torch.zeros(p + 1) for _ in range(4))
        decay = torch.full((p + 1,), 1 - problem.lr * problem.alpha)
        decay[p] = 1.0
        t = 0
        for _ in range(problem.epochs):
            for rows in torch.randperm(len(X), generator=generator).split(problem.batch_size):
                t += 1
                batch = X.index_select(0, rows)
                residual = torch.addmv(w[p:], batch, w[:p])
                if not squared:
                    residual.sigmoid_()
                residual.sub_(y.index_select(0, rows)).div_(len(rows))
                torch.mv(batch.T, residual, out=gradient[:p])
                torch.sum(residual, 0, keepdim=True, out=gradient[p:])
                first.lerp_(gradient, 1 - BETAS[0])
                second.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
                scale = second.sqrt().div_((1 - BETAS[1] ** t) ** 0.5).add_(EPS)
                w.mul_(decay).addcdiv_(first, scale, value=-problem.lr / (1 - BETAS[0] ** t))
        return w[:p].numpy().copy(), w[p].item()

    return with_best_threads(fit, problem)
