// VarlinkTypes: the types of a Varlink interface file, and whether a JSON value is of one. So that
// the texts of the status server and its interface cannot drift apart.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace reaperd::test {

struct VarlinkType {
  enum class Kind {
    kBool,
    kInt,
    kFloat,
    kString,
    kAny,
    kNamed,
    kEnum,
    kStruct,
    kArray,
    kMap,
    kMaybe
  };
  struct Member {
    std::string name;
    std::shared_ptr<VarlinkType> type;
  };

  Kind kind = Kind::kAny;
  std::string name;                   ///< kNamed
  std::set<std::string> words;        ///< kEnum
  std::vector<Member> members;        ///< kStruct
  std::shared_ptr<VarlinkType> item;  ///< kArray, kMap, kMaybe
};

struct VarlinkMethod {
  VarlinkType input;
  VarlinkType output;
};

class VarlinkTypes {
 public:
  /// Throws std::runtime_error with the place when the text is no interface.
  explicit VarlinkTypes(std::string_view text);

  [[nodiscard]] const std::string& interface() const { return interface_; }
  [[nodiscard]] const std::map<std::string, VarlinkMethod>& methods() const { return methods_; }
  [[nodiscard]] const std::map<std::string, VarlinkType>& errors() const { return errors_; }
  [[nodiscard]] const VarlinkType& Named(const std::string& name) const { return types_.at(name); }

  /// "" when the value is of the type, else where it is not and why. Members that the type does not
  /// have are wrong, too: a reply may have them by the rules, ours has none.
  [[nodiscard]] std::string Mismatch(const nlohmann::json& value, const VarlinkType& type,
                                     const std::string& where = "") const;

 private:
  std::string interface_;
  std::map<std::string, VarlinkType> types_;
  std::map<std::string, VarlinkMethod> methods_;
  std::map<std::string, VarlinkType> errors_;
};

}  // namespace reaperd::test
