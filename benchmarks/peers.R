# Time one program on one table: Rscript peers.R FILE.csv PROGRAM REPEATS
# Prints "absent" where the package is not installed, else version, median seconds, log-likelihood.
arguments <- commandArgs(trailingOnly = TRUE)
file <- arguments[1]
program <- arguments[2]
repeats <- as.integer(arguments[3])

package <- c(lme4 = "lme4", glmmTMB = "glmmTMB", metafor = "metafor")[[program]]
if (!requireNamespace(package, quietly = TRUE)) {
  cat("absent\n")
  quit(status = 0)
}
suppressPackageStartupMessages(suppressWarnings(library(package, character.only = TRUE)))

table <- read.csv(file)
k <- nrow(table)
rows <- data.frame(
  study = factor(rep(seq_len(k), 2)),
  true = c(table$tp, table$tn),
  n = c(table$tp + table$fn, table$tn + table$fp),
  sens = rep(c(1, 0), each = k),
  spec = rep(c(0, 1), each = k)
)
formula <- cbind(true, n - true) ~ 0 + sens + spec + (0 + sens + spec | study)

half <- rows$true + 0.5
rows$y <- log(half / (rows$n + 1 - half))
rows$v <- 1 / half + 1 / (rows$n + 1 - half)
rows$margin <- factor(rep(c("sens", "spec"), each = k))

run <- switch(program,
  lme4 = function() glmer(formula, data = rows, family = binomial),
  glmmTMB = function() glmmTMB(formula, data = rows, family = binomial),
  metafor = function() {
    rma.mv(y, v, mods = ~ 0 + margin, random = ~ margin | study, struct = "UN",
           data = rows, method = "ML", sparse = TRUE)
  }
)

seconds <- numeric(0)
for (i in seq_len(repeats)) {
  elapsed <- system.time(fit <- suppressMessages(suppressWarnings(run())))[["elapsed"]]
  seconds <- c(seconds, elapsed)
}
cat(as.character(packageVersion(package)), median(seconds), as.numeric(logLik(fit)), "\n")
