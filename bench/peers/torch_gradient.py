"""torch with the gradient by hand and its own fused AdamW: its faster loop with an optimizer of its own."""

import torch

from bench.peers.torch_fused import VERSION, adamw, with_best_threads

__all__ = ["VERSION", "sgd_adamw"]
NAME = "torch, gradient by hand"


def sgd_adamw(problem):
    @torch.no_grad()
    def fit(X, y, generator):
        coef, intercept = torch.zeros(X.shape[1]), torch.zeros(1)
        coef.grad, intercept.grad = torch.zeros_like(coef), torch.zeros_like(intercept)
        optimizer = adamw(problem, coef, intercept)
        for _ in range(problem.epochs):
            for rows in torch.randperm(len(X), generator=generator).split(problem.batch_size):
                gradient(problem, X, y, rows, coef, intercept, coef.grad, intercept.grad)
                optimizer.step()
        return coef.numpy(), intercept.item()

    return with_best_threads(fit, problem)


def gradient(problem, X, y, rows, coef, intercept, of_coef, of_intercept):
    """Write the gradients of the mean loss of some rows into the last two."""
    batch = X.index_select(0, rows)
    residual = torch.addmv(intercept, batch, coef)
    if problem.loss == "log_loss":
        residual.sigmoid_()
    residual.sub_(y.index_select(0, rows)).div_(len(rows))
    torch.mv(batch.T, residual, out=of_coef)
    torch.sum(residual, 0, keepdim=True, out=of_intercept)
