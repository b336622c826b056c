#pragma once
#include <cstddef>

/// What melgrad uses of cuFFT, declared as NVIDIA's header of this name declares it (cuFFT 12); cublas_v2.h says why.
/// kernels/cudasim/libraries/cufft.cpp defines it.

typedef struct CUstream_st* cudaStream_t;

struct float2;  // real and imaginary part
typedef float cufftReal;
typedef float2 cufftComplex;
typedef int cufftHandle;

enum cufftResult_t {
  CUFFT_SUCCESS = 0,
  CUFFT_INVALID_PLAN = 1,
  CUFFT_ALLOC_FAILED = 2,
  CUFFT_INVALID_VALUE = 4,
  CUFFT_INTERNAL_ERROR = 5,
  CUFFT_EXEC_FAILED = 6,
  CUFFT_INVALID_SIZE = 8,
};
typedef cufftResult_t cufftResult;

enum cufftType_t {
  CUFFT_R2C = 42,
  CUFFT_C2R = 44,
};
typedef cufftType_t cufftType;

cufftResult cufftCreate(cufftHandle* plan);
cufftResult cufftDestroy(cufftHandle plan);
cufftResult cufftSetAutoAllocation(cufftHandle plan, int allocates);
cufftResult cufftMakePlanMany64(cufftHandle plan, int rank, long long* n, long long* inembed,
                                long long istride, long long idist, long long* onembed,
                                long long ostride, long long odist, cufftType type, long long batch,
                                std::size_t* workspace_bytes);
cufftResult cufftSetStream(cufftHandle plan, cudaStream_t stream);
cufftResult cufftSetWorkArea(cufftHandle plan, void* workspace);
cufftResult cufftExecR2C(cufftHandle plan, cufftReal* x, cufftComplex* y);
cufftResult cufftExecC2R(cufftHandle plan, cufftComplex* y, cufftReal* x);
