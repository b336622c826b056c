#include <omp.h>

#include "kernels/backend.h"

// OpenMP's setting is the only one: our loops and oneDNN both ask it (Debian's libdnnl runs on the
// same libgomp), so the two can never disagree.
namespace melgrad {

void set_num_threads(int threads) {
  check(threads >= 1, "set_num_threads", "{} threads: there must be at least 1", threads);
  omp_set_num_threads(threads);
}

int num_threads() { return omp_get_max_threads(); }

OneThread::OneThread() : threads_before_(omp_get_max_threads()) { omp_set_num_threads(1); }
OneThread::~OneThread() { omp_set_num_threads(threads_before_); }

}  // namespace melgrad
