#include <array>
#include <utility>

#include "kernels/cuda/cuda_backend.h"

// Copies between the host and the GPU that nobody waits for: through host memory that the GPU reads and writes by itself.
namespace melgrad {
namespace {

/// Such memory, and when a stream is done with it.
class PinnedArray {
 public:
  PinnedArray() : was_used_(cuda::create_event()) {}
  PinnedArray(const PinnedArray&) = delete;
  PinnedArray& operator=(const PinnedArray&) = delete;
  ~PinnedArray() {
    try {
      wait();
    } catch (const Error&) {  // a device that failed uses it no more
    }
    cuda::destroy_event(was_used_);
    cuda::pinned_free(data_);
  }

  /// At least `bytes`, once nobody uses what was there.
  void* make(std::size_t bytes) {
    wait();
    if (bytes_ < bytes) {
      cuda::pinned_free(std::exchange(data_, nullptr));
      bytes_ = 0;
      data_ = cuda::pinned_malloc(bytes);
      bytes_ = bytes;
    }
    return data_;
  }
  void* data() const { return data_; }

  /// What the stream was given so far uses it.
  void mark_used(cuda::Stream stream) { cuda::record(was_used_, stream); }
  cuda::Event was_used() const { return was_used_; }
  void wait() const { cuda::synchronize(was_used_); }

 private:
  cuda::Event was_used_;
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// A stream of its own, destroyed with its owner.
struct CopyStream {
  const cuda::Stream stream = cuda::create_copy_stream();
  CopyStream() = default;
  CopyStream(const CopyStream&) = delete;
  CopyStream& operator=(const CopyStream&) = delete;
  ~CopyStream() { cuda::destroy_stream(stream); }
};

/// Two pinned arrays, so that the host fills one while the GPU reads the other.
class PinnedCopy final : public StagedCopy {
 public:
  explicit PinnedCopy(const CudaBackend& backend)
      : backend_(backend), target_free_(cuda::create_event()) {}
  ~PinnedCopy() override { cuda::destroy_event(target_free_); }

  void* staging(std::size_t bytes) override {
    turn_ = 1 - turn_;
    return now().make(bytes);
  }

  void mark_target_free() override { cuda::record(target_free_, backend_.stream()); }

  void start(void* target, std::size_t bytes) override {
    backend_.check_not_recording("a value comes from the host");
    cuda::wait(copies_.stream, target_free_);
    cuda::copy(target, now().data(), bytes, cuda::Direction::to_device, copies_.stream);
    now().mark_used(copies_.stream);
  }

  void finish() override { cuda::wait(backend_.stream(), now().was_used()); }

 private:
  PinnedArray& now() { return stagings_[turn_]; }

  const CudaBackend& backend_;
  CopyStream copies_;  // goes after the arrays that it reads
  cuda::Event target_free_;
  std::array<PinnedArray, 2> stagings_;
  std::size_t turn_ = 0;
};

/// The values lie in pinned memory until somebody wants them.
class PinnedRead final : public StagedRead {
 public:
  explicit PinnedRead(const CudaBackend& backend) : backend_(backend) {}

  void start(const void* source, std::size_t bytes) override {
    backend_.check_not_recording("a value is read back");
    void* target = values_.make(bytes);
    cuda::copy(target, source, bytes, cuda::Direction::to_host, backend_.stream());
    values_.mark_used(backend_.stream());
  }
  const void* finish() override {
    values_.wait();
    return values_.data();
  }

 private:
  const CudaBackend& backend_;
  PinnedArray values_;
};

}  // namespace

std::unique_ptr<StagedCopy> CudaBackend::staged_copy() {
  return std::make_unique<PinnedCopy>(*this);
}

std::unique_ptr<StagedRead> CudaBackend::staged_read() {
  return std::make_unique<PinnedRead>(*this);
}

}  // namespace melgrad
