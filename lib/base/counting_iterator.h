// CountingIterator: an input iterator over bytes that tells how far a parser has read. Parsers hand
// it on by value, so the place is kept outside.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace reaperd {

struct CountingIterator {
  // Names of the standard library. NOLINTBEGIN(readability-identifier-naming)
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;
  // NOLINTEND(readability-identifier-naming)

  const char* at = nullptr;
  const char** furthest = nullptr;  ///< behind the last byte that was read

  reference operator*() const { return *at; }
  CountingIterator& operator++() {
    ++at;
    *furthest = std::max(*furthest, at);
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at == other.at; }
  bool operator!=(const CountingIterator& other) const { return at != other.at; }
};

}  // namespace reaperd
