// EnumNames: one table of enum <-> text. A lookup by value needs the table complete: give it one
// row per enumerator, and let a static_assert on size() say so beside the table.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace reaperd {

template <typename E, std::size_t N>
struct EnumNames {
  struct Row {
    E value;
    std::string_view name;
  };
  std::array<Row, N> rows;

  [[nodiscard]] static constexpr std::size_t size() { return N; }

  [[nodiscard]] constexpr std::string_view Name(E value) const {
    for (const Row& row : rows) {
      if (row.value == value) return row.name;
    }
    return "?";
  }

  [[nodiscard]] constexpr std::optional<E> Parse(std::string_view text) const {
    for (const Row& row : rows) {
      if (row.name == text) return row.value;
    }
    return std::nullopt;
  }

  /// "a, b or c": for messages that say what was expected.
  [[nodiscard]] std::string Alternatives() const {
    std::string text;
    for (std::size_t i = 0; i < N; ++i) {
      if (i > 0) text += i + 1 == N ? " or " : ", ";
      text += rows[i].name;
    }
    return text;
  }
};

}  // namespace reaperd
