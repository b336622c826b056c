#pragma once
#include <concepts>
#include <tuple>
#include <type_traits>

#include "apps/harness/results/results.h"

/// What results.json has of each struct of results.h, for writing and reading alike, in the order
/// of the file: for_each_field(value, visit) calls visit(name, member).
namespace melgrad {

template <class Member>
struct Field {
  const char* name;
  Member& member;
};
template <class Member>
Field(const char*, Member&) -> Field<Member>;

// A T or a const T.
template <class T, class Struct>
concept Is = std::same_as<std::remove_const_t<T>, Struct>;

template <Is<Epoch> T>
auto fields(T& epoch) {
  auto& [train_loss, train_accuracy, valid_loss, valid_accuracy, lr, seconds, waited] = epoch;
  return std::tuple{Field{"train_loss", train_loss},
                    Field{"train_accuracy", train_accuracy},
                    Field{"valid_loss", valid_loss},
                    Field{"valid_accuracy", valid_accuracy},
                    Field{"lr", lr},
                    Field{"seconds", seconds},
                    Field{"waited", waited}};
}

template <Is<Prediction> T>
auto fields(T& prediction) {
  auto& [label, confidence, strengths] = prediction;
  return std::tuple{Field{"label", label}, Field{"confidence", confidence},
                    Field{"strengths", strengths}};
}

template <Is<Fit> T>
auto fields(T& fit) {
  auto& [seed, rule, fold, ended, diverged, history, best_epoch, measured, confusion, predictions,
         seconds, waited] = fit;
  return std::tuple{Field{"seed", seed},         Field{"rule", rule},
                    Field{"fold", fold},         Field{"ended", ended},
                    Field{"diverged", diverged}, Field{"seconds", seconds},
                    Field{"waited", waited},     Field{"best_epoch", best_epoch},
                    Field{"measured", measured}, Field{"confusion", confusion},
                    Field{"history", history},   Field{"predictions", predictions}};
}

template <Is<RowResult> T>
auto fields(T& row) {
  auto& [name, title, layers, input, parameters, trained_parameters, published, started_from,
         not_run, fits] = row;
  return std::tuple{Field{"name", name},
                    Field{"title", title},
                    Field{"layers", layers},
                    Field{"input", input},
                    Field{"parameters", parameters},
                    Field{"trained_parameters", trained_parameters},
                    Field{"published", published},
                    Field{"started_from", started_from},
                    Field{"not_run", not_run},
                    Field{"fits", fits}};
}

template <Is<SettingUsed> T>
auto fields(T& setting) {
  auto& [name, value, mark, note, rows] = setting;
  return std::tuple{Field{"name", name}, Field{"value", value}, Field{"mark", mark},
                    Field{"note", note}, Field{"rows", rows}};
}

template <Is<ClipInfo> T>
auto fields(T& clip) {
  auto& [name, sound, label, begin, end] = clip;
  return std::tuple{Field{"name", name}, Field{"sound", sound}, Field{"label", label},
                    Field{"begin", begin}, Field{"end", end}};
}

template <Is<Split> T>
auto fields(T& fold) {
  auto& [train, valid, test] = fold;
  return std::tuple{Field{"train", train}, Field{"valid", valid}, Field{"test", test}};
}

template <Is<RuleUsed> T>
auto fields(T& rule) {
  auto& [name, title, note, leaks, folds] = rule;
  return std::tuple{Field{"name", name}, Field{"title", title}, Field{"note", note},
                    Field{"leaks", leaks}, Field{"folds", folds}};
}

template <Is<Results> T>
auto fields(T& results) {
  auto& [unit, study, data_set, device, command, date, compute, threads, seed, data_fingerprints,
         classes, skipped, notes, published_note, settings, clips, rules, rows, pretraining] =
      results;
  return std::tuple{Field{"study", study},       Field{"unit", unit},
                    Field{"data_set", data_set}, Field{"device", device},
                    Field{"compute", compute},   Field{"threads", threads},
                    Field{"seed", seed},         Field{"command", command},
                    Field{"date", date},         Field{"data_fingerprints", data_fingerprints},
                    Field{"classes", classes},   Field{"skipped", skipped},
                    Field{"notes", notes},       Field{"published_note", published_note},
                    Field{"settings", settings}, Field{"rules", rules},
                    Field{"rows", rows},         Field{"pretraining", pretraining},
                    Field{"clips", clips}};
}

template <class T>
concept HasFields = requires(T& value) {
  fields(value);
};

// Stands for a value of any type, where none is made.
struct Anything {
  template <class T>
  operator T() const;  // NOLINT(google-explicit-constructor)
};
/// How many members a struct has: as many values as it can be made from.
template <class T, class... Members>
constexpr std::size_t member_count() {
  if constexpr (requires { T{Members{}..., Anything{}}; })
    return member_count<T, Members..., Anything>();
  else
    return sizeof...(Members);
}

template <HasFields T, class Visit>
void for_each_field(T& value, Visit visit) {
  auto all = fields(value);
  static_assert(std::tuple_size_v<decltype(all)> == member_count<std::remove_const_t<T>>(),
                "a member is missing from fields()");
  std::apply([&](const auto&... field) { (visit(field.name, field.member), ...); }, all);
}

}  // namespace melgrad
