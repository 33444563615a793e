/*
 * The stored values. All inputs come from `generate matrix`, whose numbers depend on the seed alone; what must come out of
 * them was computed by NumPy, SciPy and scikit-learn, and tests/apps/selftest.py computes it again from the files that
 * --keep leaves. Vectors carry Tartan's rule for signs (docs/numerics.md).
 */
#include "selftest.h"

#include <stddef.h>

#define D APP_CASE_DATASET
#define N APP_CASE_NUMBER
#define B APP_CASE_BYTES
#define T APP_CASE_TEXT

const app_case app_cases[] = {
    {"generate matrix", "-m 120 -n 40 --seed 7 -o A.h5", D, "A.h5:/X", 0.8507839291023602, 1e-12},
    {"generate matrix", "-m 60 -n 60 --seed 8 -o B.h5", D, "B.h5:/X", 0.07222854073841933, 1e-12},
    {"generate matrix", "-m 60 -n 3 --seed 9 -o R.h5", D, "R.h5:/X", 1.5540794514153893, 1e-12},
    {"generate matrix", "-m 120 -n 2 --seed 11 -o Y.h5", D, "Y.h5:/X", 0.47842225313991366, 1e-12},
    {"generate matrix", "-m 450 -n 420 --seed 10 --dtype f32 -o W.h5", D, "W.h5:/X", 0.24418126998573556, 1e-6},
    {"info", "A.h5", T, "120 x 40", 1, 0},
    {"export", "A.h5 -o A.npy", B, "A.npy", 128 + 8 * 120 * 40, 0},
    {"convert", "A.npy -o back.h5", D, "back.h5:/X", 0.8507839291023602, 1e-12},
    {"transpose", "A.h5 -o At.h5", D, "At.h5:/X", 0.5278518726496, 1e-12},
    {"norm", "A.h5 --kind fro", N, "", 68.5682541470811, 1e-12},
    {"trace", "B.h5", N, "", 4.176248394184824, 1e-12},
    {"matmul", "A.h5 A.h5 --transpose-a -o G.h5", D, "G.h5:/C", 296.8761691576738, 1e-11},
    {"matmul", "W.h5 W.h5 --transpose-b -o Q.h5", D, "Q.h5:/C", 1190.3620514073798, 1e-6},
    {"covariance", "A.h5 -o covariance.h5", D, "covariance.h5:/covariance", 2.488502278638817, 1e-11},
    {"qr", "A.h5 -o qr.h5", D, "qr.h5:/R", 25.400347123095287, 1e-10},
    {"svd", "A.h5 -o svd.h5", D, "svd.h5:/Vt", 0.44810478240208107, 1e-8},
    {"svdvals", "W.h5 --dtype f64 -o svdvals.h5", D, "svdvals.h5:/S", 220.94328974518857, 1e-9},
    {"lowrank", "A.h5 -k 5 --tol 1e-10 -o lowrank.h5", D, "lowrank.h5:/S", 36.574831566596345, 1e-9},
    {"eigh", "G.h5 -o eigh.h5", D, "eigh.h5:/V", 0.5241018178811679, 1e-8},
    {"eigvalsh", "G.h5 -o eigvalsh.h5", D, "eigvalsh.h5:/w", 844.4577304576915, 1e-10},
    {"eig", "G.h5 -o eig.h5", N, "", 286.86089376100557, 1e-10},
    {"lu", "B.h5 -o lu.h5", D, "lu.h5:/U", 1.4282720046943402, 1e-10},
    {"cholesky", "G.h5 -o cholesky.h5", D, "cholesky.h5:/L", 25.694128231473794, 1e-10},
    {"solve", "B.h5 R.h5 -o solve.h5", D, "solve.h5:/x", 1.8785196889676408, 1e-9},
    {"lstsq", "A.h5 Y.h5 -o lstsq.h5", D, "lstsq.h5:/x", 0.03346059841103051, 1e-10},
    {"inv", "B.h5 -o inv.h5", D, "inv.h5:/Ainv", -1.3955369692088206, 1e-9},
    {"pinv", "A.h5 -o pinv.h5", D, "pinv.h5:/Apinv", -0.0038704016583213704, 1e-10},
    {"det", "B.h5", N, "", 4.646110141113465e+40, 1e-9},
    {"slogdet", "B.h5 -o slogdet.h5", D, "slogdet.h5:/logabsdet", 93.63943406048283, 1e-10},
    {"rank", "A.h5", N, "", 40.0, 0},
    {"cond", "A.h5", N, "", 3.4897769409725243, 1e-9},
    {"matrix-power", "B.h5 -k 3 -o power.h5", D, "power.h5:/C", -19.043147098506587, 1e-10},
    {"multi-dot", "A.h5 G.h5 At.h5 -o chain.h5", D, "chain.h5:/C", 9857.13625487851, 1e-10},
    {"sample", "covariance.h5:/covariance --count 30 --seed 5 -o sample.h5", D, "sample.h5:/X", -1.8020928118126167,
     1e-9},
    {"generate matrix", "-m 120 -n 1 --seed 12 -o T.h5", D, "T.h5:/X", 2.4276168674103658, 1e-12},
    {"regress", "A.h5 --target T.h5 --penalty 0.5 -o regress.h5", D, "regress.h5:/coef", -0.0030643486180958156, 1e-10},
    {"search", "A.h5 --all -k 3 --metric euclidean -o search.h5", D, "search.h5:/scores", 84.83740140204353, 1e-10},
    {"generate matrix", "-m 60 -n 20 --distribution uniform --seed 14 -o U.h5", D, "U.h5:/X", 16.616200331009793,
     1e-12},
    {"nmf", "U.h5 -k 3 --init random --seed 5 --iterations 10 --tol 0 -o nmf.h5", D, "nmf.h5:/H", 2.3671187870897654,
     1e-9},
    {"pca", "A.h5 -k 5 -o pca.h5", D, "pca.h5:/explained_variance_", 4.930625504745464, 1e-10},
    {"pca transform", "pca.h5 A.h5 -o scores.h5", D, "scores.h5:/X_pca", 0.25324899263901923, 1e-8},
    {"generate ratings", "--users 60 --items 40 --ratings 900 --seed 13 -o K.h5", D, "K.h5:/rating", 23.930775725186447,
     1e-6},
    {"recommend train", "K.h5 --model als -k 4 --iterations 3 --regularization 0.1 --dtype f64 -o M.h5", D,
     "M.h5:/user_factors", 1.1594231438901481, 1e-9},
    {"doctor", "--file-size 64K", T, "files in", 1, 0},
    {"recommend topn", "M.h5 --seen K.h5 --count 4 -o topn.h5", D, "topn.h5:/scores", 56.28239678468216, 1e-9},
    {"recommend similar", "M.h5 --count 3 -o similar.h5", D, "similar.h5:/scores", 7.603565278711264, 1e-9},
    {"recommend evaluate", "M.h5 --test K.h5 --metrics recall@5,ndcg@5,mrr@5 --bootstrap 0 -o E.h5", D,
     "E.h5:/metrics/value", 0.5589245828757731, 1e-10},
    {NULL, NULL, D, NULL, 0, 0},
};
