// OptionScanner: command lines as getopt(3) and getopt_long(3) of glibc read them, with the same
// order of operands and the same complaints, because people's scripts compare those lines.
//
// Pure: no global state, no output, no environment. The texts that it hands out point into argv.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reaperd::daemon {

struct LongOption {
  std::string_view name;
  bool takes_value = false;
  char short_name = 0;  ///< what OptionScanner::Item::option says for it
};

struct OptionSyntax {
  std::string_view short_options;  ///< as for getopt: "hp:" means -h and -p VALUE
  std::span<const LongOption> long_options;
  bool permute = true;  ///< options may follow operands
};

class OptionScanner {
 public:
  struct Item {
    enum class Kind { kOption, kError, kEnd };
    Kind kind = Kind::kEnd;
    char option = 0;
    std::string_view value;
    std::string error;  ///< a whole line with its newline
  };

  OptionScanner(std::span<char* const> argv, const OptionSyntax& syntax)
      : argv_(argv), syntax_(syntax) {}

  Item Next();

  /// What is no option; complete once Next() has said kEnd.
  [[nodiscard]] const std::vector<std::string>& operands() const { return operands_; }

 private:
  Item NextShort();
  Item NextLong(std::string_view text);
  Item ShortNeedsValue(char letter);
  Item LongFound(const LongOption& found, std::string_view text);
  [[nodiscard]] std::vector<const LongOption*> Candidates(std::string_view name) const;
  [[nodiscard]] Item Complain(std::string_view text) const;
  Item End();

  std::span<char* const> argv_;
  OptionSyntax syntax_;
  std::size_t index_ = 1;
  std::string_view cluster_;  ///< what is left of "-abc"
  std::vector<std::string> operands_;
};

}  // namespace reaperd::daemon
