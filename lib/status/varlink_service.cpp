// org.varlink.service: what every Varlink service tells of itself.
#include <array>
#include <string>
#include <utility>

#include "status/handlers.h"
#include "status/interface_text.h"
#include "status/json_writer.h"
#include "status/refusals.h"

namespace reaperd::status {

const std::string_view kVarlinkServiceText = R"varlink(# What every Varlink service has.
interface org.varlink.service

method GetInfo() -> (
  vendor: string, product: string, version: string, url: string, interfaces: []string
)

method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)
error MethodNotFound (method: string)
error MethodNotImplemented (method: string)
# message: why, for people; reaperd's own.
error InvalidParameter (parameter: string, message: ?string)
error PermissionDenied ()
error ExpectedMore ()
)varlink";

namespace handlers {

Answer GetInfo(const Exchange& exchange) {
  JsonWriter json;
  json.OpenObject()
      .String("vendor", "reaperd")
      .String("product", "reaperd")
      .String("version", exchange.service.version)
      .String("url", "")
      .Key("interfaces")
      .OpenArray()
      .String(kVarlinkInterface)
      .String(kInterface)
      .CloseArray()
      .CloseObject();
  return Reply{std::move(json).Take(), {}};
}

Answer GetInterfaceDescription(const Exchange& exchange) {
  const std::string name = exchange.arguments.TextOf("interface");
  std::string_view text;
  if (name == kInterface) text = kManagerInterfaceText;
  if (name == kVarlinkInterface) text = kVarlinkServiceText;
  if (text.empty()) return InterfaceNotFound(name);
  JsonWriter json(text.size() + 1024);
  json.OpenObject().String("description", text).CloseObject();
  return Reply{std::move(json).Take(), {}};
}

}  // namespace handlers

}  // namespace reaperd::status
