# The worker of r_glmnet.py; what goes in and out is said in _worker.py.
suppressPackageStartupMessages(library(glmnet))

shortest <- 0.02
arguments <- commandArgs(trailingOnly = TRUE)
directory <- arguments[1]
n <- as.integer(arguments[2])
p <- as.integer(arguments[3])

get <- function(name, what = "double") {
  file <- file.path(directory, name)
  size <- if (what == "integer") 4 else 8
  readBin(file, what, n = file.size(file) / size, size = size)
}
put <- function(name, numbers) writeBin(as.vector(numbers), file.path(directory, name))

if (arguments[4] == "sparse") {
  X <- new("dgCMatrix", i = get("X.indices", "integer"), p = get("X.indptr", "integer"), x = get("X.data"), Dim = c(n, p))
} else {
  X <- matrix(get("X"), n, p)
}
y <- get("y")
glmnet.control(fdev = 0, devmax = 1) # no path is cut short

answer <- function(tol) {
  alphas <- get("alphas")
  fit <- function() {
    if (is.na(tol)) glmnet(X, y, lambda = alphas, standardize = FALSE)
    else glmnet(X, y, lambda = alphas, standardize = FALSE, thresh = tol, maxit = 1e8)
  }
  gc()
  count <- 0
  start <- Sys.time()
  repeat {
    model <- fit()
    count <- count + 1
    seconds <- as.numeric(difftime(Sys.time(), start, units = "secs"))
    if (seconds >= shortest) break
  }
  if (length(model$lambda) != length(alphas)) stop("it fitted only ", length(model$lambda), " alphas")
  put("coefs.data", model$beta@x)
  put("coefs.indices", model$beta@i)
  put("coefs.indptr", model$beta@p)
  put("intercepts", model$a0)
  sprintf("%.9g", seconds / count)
}

say <- function(line) {
  cat(line, "\n", sep = "")
  flush(stdout())
}

say("ready")
requests <- file("stdin", "r")
while (length(request <- readLines(requests, 1))) {
  say(tryCatch(
    answer(if (request == "NA") NA else as.numeric(request)),
    error = function(e) paste("error", gsub("\n", " ", conditionMessage(e)))
  ))
}
