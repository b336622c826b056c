#include "tensor/dtypes.h"
#include "tensor/ops.h"

namespace melgrad {

namespace {

void check_part(std::string_view op, std::string_view name, const Tensor& x, const Tensor& part,
                const Shape& shape) {
  if (!part.defined()) return;
  check(part.shape() == shape && part.dtype() == x.dtype(), op, "{} must be {} {}: {}, input {}",
        name, shape, name_of(x.dtype()), part, x);
  check_same_device(op, {&x, &part});
}

RnnShape rnn_shape(std::string_view op, RnnMode mode, const Tensor& x, const Tensor& h0,
                   const Tensor& c0, const RnnParameters& p, bool reverse) {
  check_operand(op, "input", x, Takes::floating);
  check_operand(op, "w_ih", p.w_ih);
  check_operand(op, "w_hh", p.w_hh);
  check(x.rank() == 3 && x.dim(0) >= 1, op, "input must be (T, N, input) with T at least 1: {}", x);
  check(p.w_hh.rank() == 2, op, "w_hh must be (gates * hidden, hidden): {}", p.w_hh);
  check(mode == RnnMode::lstm || !c0.defined(), op, "only an LSTM has a cell state: c0 {}", c0);
  check(p.b_ih.defined() == p.b_hh.defined(), op, "one bias without the other: b_ih {}, b_hh {}",
        p.b_ih, p.b_hh);
  RnnShape s{.mode = mode,
             .t = x.dim(0),
             .n = x.dim(1),
             .input = x.dim(2),
             .hidden = p.w_hh.dim(1),
             .reverse = reverse};
  i64 rows = gates(mode) * s.hidden;
  check_part(op, "w_ih", x, p.w_ih, {rows, s.input});
  check_part(op, "w_hh", x, p.w_hh, {rows, s.hidden});
  check_part(op, "b_ih", x, p.b_ih, {rows});
  check_part(op, "b_hh", x, p.b_hh, {rows});
  check_part(op, "h0", x, h0, {s.n, s.hidden});
  check_part(op, "c0", x, c0, {s.n, s.hidden});
  return s;
}

Tensor packed(const Tensor& x) { return x.defined() ? x.contiguous() : x; }

void* raw_or_null(const Tensor& x) { return x.defined() ? x.raw() : nullptr; }

RnnParameters packed(const RnnParameters& p) {
  return {packed(p.w_ih), packed(p.w_hh), packed(p.b_ih), packed(p.b_hh)};
}

RnnWeights addresses(const RnnParameters& p) {
  return {p.w_ih.raw(), p.w_hh.raw(), raw_or_null(p.b_ih), raw_or_null(p.b_hh)};
}

}  // namespace

RnnResult rnn(RnnMode mode, const Tensor& x, const Tensor& h0, const Tensor& c0,
              const RnnParameters& parameters, bool reverse, bool for_backward) {
  RnnShape s = rnn_shape("rnn", mode, x, h0, c0, parameters, reverse);
  Device device = x.device();
  Backend& on = backend(device);
  RnnResult r;
  r.y = empty({s.t, s.n, s.hidden}, x.dtype(), device);
  r.hn = empty({s.n, s.hidden}, x.dtype(), device);
  if (mode == RnnMode::lstm) r.cn = empty({s.n, s.hidden}, x.dtype(), device);
  if (for_backward) {
    auto bytes = s.n > 0 && s.hidden > 0 ? on.rnn_reserve_bytes(s, x.dtype()) : 0;
    r.reserve = empty({static_cast<i64>(bytes)}, Dtype::u8, device);
  }
  if (r.y.numel() == 0) return r;
  Tensor input = packed(x), hidden = packed(h0), cell = packed(c0);
  RnnParameters p = packed(parameters);
  on.rnn(s, x.dtype(), addresses(p), input.raw(), raw_or_null(hidden), raw_or_null(cell), r.y.raw(),
         r.hn.raw(), raw_or_null(r.cn), raw_or_null(r.reserve));
  return r;
}

RnnBackwardResult rnn_backward(RnnMode mode, const Tensor& x, const Tensor& h0, const Tensor& c0,
                               const RnnParameters& parameters, bool reverse,
                               const RnnResult& forward, const Tensor& dy, const Tensor& dhn,
                               const Tensor& dcn, RnnWanted wanted) {
  constexpr std::string_view op = "rnn_backward";
  RnnShape s = rnn_shape(op, mode, x, h0, c0, parameters, reverse);
  check(forward.reserve.defined(), op, "the forward pass kept nothing: call rnn with for_backward");
  check_operand(op, "y", forward.y);
  check_part(op, "y", x, forward.y, {s.t, s.n, s.hidden});
  check_part(op, "dy", x, dy, {s.t, s.n, s.hidden});
  check_part(op, "dhn", x, dhn, {s.n, s.hidden});
  check_part(op, "dcn", x, dcn, {s.n, s.hidden});

  auto like = [](bool is_wanted, const Shape& shape, const Tensor& of) {
    return is_wanted ? empty(shape, of.dtype(), of.device()) : Tensor();
  };
  RnnBackwardResult r;
  bool biased = wanted.weights && parameters.b_ih.defined();
  i64 rows = gates(mode) * s.hidden;
  r.dx = like(wanted.dx, x.shape(), x);
  r.dh0 = like(wanted.dh0, {s.n, s.hidden}, x);
  r.dc0 = like(wanted.dc0 && mode == RnnMode::lstm, {s.n, s.hidden}, x);
  r.d = {like(wanted.weights, {rows, s.input}, x), like(wanted.weights, {rows, s.hidden}, x),
         like(biased, {rows}, x), like(biased, {rows}, x)};
  if (forward.y.numel() == 0) {
    for (Tensor* each : {&r.dx, &r.dh0, &r.dc0, &r.d.w_ih, &r.d.w_hh, &r.d.b_ih, &r.d.b_hh}) {
      if (each->defined()) each->fill_(0);
    }
    return r;
  }
  Tensor input = packed(x), hidden = packed(h0), cell = packed(c0), output = packed(forward.y);
  Tensor gradient = packed(dy), last_hidden = packed(dhn), last_cell = packed(dcn);
  RnnParameters p = packed(parameters);
  backend(x.device())
      .rnn_backward(s, x.dtype(), addresses(p), input.raw(), raw_or_null(hidden), raw_or_null(cell),
                    output.raw(), forward.reserve.raw(), raw_or_null(gradient),
                    raw_or_null(last_hidden), raw_or_null(last_cell),
                    {.dx = raw_or_null(r.dx),
                     .dh0 = raw_or_null(r.dh0),
                     .dc0 = raw_or_null(r.dc0),
                     .dw_ih = raw_or_null(r.d.w_ih),
                     .dw_hh = raw_or_null(r.d.w_hh),
                     .db_ih = raw_or_null(r.d.b_ih),
                     .db_hh = raw_or_null(r.d.b_hh)});
  return r;
}

}  // namespace melgrad
