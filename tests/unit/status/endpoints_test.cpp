// The table of methods against the interface file: neither has what the other has not.
#include "status/endpoints.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "status/interface_text.h"
#include "status/refusals.h"
#include "varlink_types.h"

namespace reaperd::status {
namespace {

using Kind = test::VarlinkType::Kind;

const test::VarlinkTypes& Manager() {
  static const test::VarlinkTypes kTypes(kManagerInterfaceText);
  return kTypes;
}

/// Of both interfaces, by their full names.
std::map<std::string, test::VarlinkMethod> Methods() {
  std::map<std::string, test::VarlinkMethod> methods;
  for (const std::string_view text : {kManagerInterfaceText, kVarlinkServiceText}) {
    const test::VarlinkTypes types(text);
    for (const auto& [name, method] : types.methods())
      methods.emplace(types.interface() + "." + name, method);
  }
  return methods;
}

TEST(Endpoints, HaveARowForEachMethodOfTheInterfaces) {
  std::set<std::string> in_interfaces;
  for (const auto& [name, method] : Methods())
    in_interfaces.insert(name);
  std::set<std::string> in_table;
  for (const Endpoint& endpoint : Endpoints())
    EXPECT_TRUE(in_table.emplace(endpoint.method).second) << endpoint.method << " is there twice";
  EXPECT_EQ(in_table, in_interfaces);
}

TEST(Endpoints, TakeTheParametersOfTheInterface) {
  const auto methods = Methods();
  for (const Endpoint& endpoint : Endpoints()) {
    SCOPED_TRACE(endpoint.method);
    const auto& members = methods.at(std::string(endpoint.method)).input.members;
    ASSERT_EQ(endpoint.parameters.size(), members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      const Parameter& parameter = endpoint.parameters[i];
      EXPECT_EQ(parameter.name, members[i].name);
      const bool optional = members[i].type->kind == Kind::kMaybe;
      EXPECT_EQ(parameter.need == Need::kOptional, optional) << parameter.name;
      const Kind kind = optional ? members[i].type->item->kind : members[i].type->kind;
      const std::map<Parameter::Type, Kind> kinds{{Parameter::Type::kInt, Kind::kInt},
                                                  {Parameter::Type::kText, Kind::kString},
                                                  {Parameter::Type::kFlag, Kind::kBool}};
      EXPECT_EQ(kinds.at(parameter.type), kind) << parameter.name;
    }
  }
}

TEST(Endpoints, AreDescribed) {
  for (const Endpoint& endpoint : Endpoints()) {
    EXPECT_FALSE(endpoint.doc.empty()) << endpoint.method;
    EXPECT_NE(endpoint.handler, nullptr) << endpoint.method;
  }
}

TEST(Refusals, AreThoseOfTheInterface) {
  for (const int code :
       {ESRCH, ENOENT, EEXIST, ENOSPC, EOPNOTSUPP, ESHUTDOWN, EAGAIN, EPERM, EIO}) {
    const Refusal refusal = RefusalOf(Error(code, "why"));
    const std::string name = refusal.error.substr(refusal.error.rfind('.') + 1);
    ASSERT_TRUE(Manager().errors().contains(name)) << name;
    EXPECT_EQ(
        Manager().Mismatch(nlohmann::json::parse(refusal.parameters), Manager().errors().at(name)),
        "");
  }
}

TEST(Refusals, HaveANameForEachCode) {
  const std::map<int, std::string> names{
      {ESRCH, "NoSuchProcess"}, {ENOENT, "NotFound"},        {EEXIST, "AlreadyExists"},
      {ENOSPC, "LimitReached"}, {EOPNOTSUPP, "Unsupported"}, {ESHUTDOWN, "ShuttingDown"},
      {EAGAIN, "TryAgain"},     {EPERM, "PermissionDenied"}, {EMFILE, "Failed"},
  };
  for (const auto& [code, name] : names) {
    EXPECT_EQ(RefusalOf(Error(code, "why")).error, "io.reaperd.Manager." + name);
  }
  const Refusal invalid = RefusalOf(Error(EINVAL, "no rule"), "rule");
  EXPECT_EQ(invalid.error, "org.varlink.service.InvalidParameter");
  EXPECT_EQ(invalid.parameters, R"({"parameter":"rule","message":"no rule"})");
  EXPECT_EQ(RefusalOf(Error(EMFILE, "none")).parameters, R"({"errno":24,"message":"none"})");
}

TEST(VarlinkTypes, TellsWhatIsNotOfAType) {
  const test::VarlinkTypes types(
      "# x\ninterface a.b\ntype T (a: int, b: ?[]string, c: (x, y), d: ?U)\n"
      "type U (f: float, m: [string]bool)\nmethod M(t: T) -> ()\nerror E (t: T)\n");
  const auto& type = types.Named("T");
  const auto mismatch = [&](const char* text) {
    return types.Mismatch(nlohmann::json::parse(text), type);
  };
  EXPECT_EQ(mismatch(R"({"a":1,"b":["s"],"c":"x","d":{"f":0.5,"m":{"k":true}}})"), "");
  EXPECT_EQ(mismatch(R"({"a":1,"c":"y"})"), "");
  EXPECT_NE(mismatch(R"({"a":1.5,"c":"y"})"), "");
  EXPECT_NE(mismatch(R"({"a":null,"c":"y"})"), "");
  EXPECT_NE(mismatch(R"({"a":1,"c":"z"})"), "");
  EXPECT_NE(mismatch(R"({"a":1})"), "");
  EXPECT_NE(mismatch(R"({"a":1,"b":[1],"c":"y"})"), "");
  EXPECT_NE(mismatch(R"({"a":1,"c":"y","e":1})"), "");
  EXPECT_NE(mismatch(R"({"a":1,"c":"y","d":{"f":1,"m":{"k":1}}})"), "");
}

}  // namespace
}  // namespace reaperd::status
