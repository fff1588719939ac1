// The status socket: whatever a client sends, cut into messages, read as calls and done by the
// methods, with a fake daemon behind them; and calls that are written and read again.
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/text.h"
#include "fake_control_plane.h"
#include "manual_clock.h"
#include "status/call.h"
#include "status/client_session.h"
#include "status/endpoints.h"
#include "status/event_log.h"
#include "status/interface_text.h"
#include "status/refusals.h"
#include "sys/framing.h"
#include "targets.h"
#include "varlink_types.h"

namespace reaperd::fuzz {
namespace {

using nlohmann::json;
using status::Answer;

const test::VarlinkTypes& TypesOf(std::string_view interface) {
  static const test::VarlinkTypes kManager(status::kManagerInterfaceText);
  static const test::VarlinkTypes kService(status::kVarlinkServiceText);
  return interface == kManager.interface() ? kManager : kService;
}

/// What is sent: one JSON object of the type, without its own end in it.
void CheckText(const std::string& text, const std::string& method, bool is_error) {
  Require(text.size() >= 2 && text.back() == '\n', "a reply has its end");
  const std::string_view object = std::string_view(text).substr(0, text.size() - 1);
  Require(object.find('\n') == std::string_view::npos, "a reply is one line");
  Require(object.find('\0') == std::string_view::npos, "a reply has no NUL");
  const json reply = json::parse(object, nullptr, false);
  Require(reply.is_object(), "a reply is an object");
  const std::string name = is_error ? reply.at("error").get<std::string>() : method;
  const std::size_t dot = name.rfind('.');
  const test::VarlinkTypes& types = TypesOf(name.substr(0, dot));
  const std::string word = name.substr(dot + 1);
  const test::VarlinkType& type =
      is_error ? types.errors().at(word) : types.methods().at(word).output;
  Require(types.Mismatch(reply.at("parameters"), type).empty(), "a reply is as the interface says");
}

/// A client of the methods, without a socket.
class Client {
 public:
  Client() {
    control_.answer_at_once = true;
    auto record = std::make_shared<model::DeathRecord>();
    record->seq = 1;
    record->pid = 7;
    control_.records.push_back(record);
    control_.held.push_back({.record = record, .rule = "r"});
    control_.processes.push_back({.pid = 7, .parent = 1, .comm = "a\xFF"});
    events_.Skip();
  }

  void Take(const sys::Message& message) {
    auto call = status::ParseCall(message.text);
    if (!call) {
      CheckText(status::RefusalText(status::BadMessage(call.error().message()),
                                    sys::Terminator::kNewline),
                "", true);
      return;
    }
    const std::string method = call->method;
    for (const status::Right right : {status::Right::kRead, status::Right::kAdmin}) {
      std::vector<Answer> answers;
      const status::LateAnswer later = [&](const std::function<Answer()>& make) {
        answers.push_back(make());
      };
      answers.push_back(
          status::Dispatch(*call, service_, {.id = 1, .right = right, .own_uid = 5}, later));
      for (Answer& answer : answers)
        Check(answer, method);
      Require(right == status::Right::kAdmin || control_.calls.empty(), "a reader only reads");
    }
    control_.calls.clear();
  }

 private:
  static void Check(Answer& answer, const std::string& method) {
    constexpr auto kEnd = sys::Terminator::kNewline;
    if (const auto* const reply = std::get_if<status::Reply>(&answer)) {
      CheckText(status::ReplyText(reply->parameters, false, kEnd), method, false);
    } else if (const auto* const refusal = std::get_if<status::Refusal>(&answer)) {
      CheckText(status::RefusalText(*refusal, kEnd), method, true);
    } else if (auto* const stream = std::get_if<std::unique_ptr<status::ReplyStream>>(&answer)) {
      for (int parts = 0; parts < 100; ++parts) {
        const status::ReplyStream::Part part = (*stream)->Next();
        if (part.state == status::ReplyStream::State::kWaiting) return;
        CheckText(status::ReplyText(part.parameters, true, kEnd), method, false);
        if (part.state == status::ReplyStream::State::kLast) return;
      }
      Require(false, "a stream of a small world ends or waits");
    }
  }

  test::ManualClock clock_;
  test::FakeControlPlane control_;
  status::EventLog events_{clock_, [] { return status::JsonContext{.instance = "8f2c"}; }};
  status::LatestList<model::ProcessView> processes_;
  status::LatestList<model::ForeignZombie> zombies_;
  status::Service service_{.control = control_,
                           .events = events_,
                           .processes = processes_,
                           .zombies = zombies_,
                           .clock = clock_,
                           .version = "1",
                           .instance = "8f2c",
                           .wall_offset_us = [] { return Micros{1'795'327'200'000'000}; },
                           .counters = [] { return status::SocketCounters{}; },
                           .on_gap = [] {}};
};

}  // namespace

void FuzzStatusSocket(std::string_view input) {
  Client client;
  sys::MessageBuffer buffer(4096);
  sys::MessageBuffer whole(4096);
  whole.Append(input);
  // In pieces of changing size: the cuts must not matter.
  for (std::size_t at = 0, size = 1; at < input.size(); at += size, size = size % 13 + 1)
    buffer.Append(input.substr(at, size));
  std::size_t taken = 0;
  while (const auto message = buffer.Take()) {
    const auto same = whole.Take();
    Require(same && same->text == message->text && same->end == message->end,
            "messages are cut alike however they come");
    Require(message->text.size() <= 4096, "no message is longer than the limit");
    taken += message->text.size() + 1;
    client.Take(*message);
  }
  Require(!whole.Take(), "and there are as many");
  Require(taken + buffer.bytes() == input.size(), "no byte is lost");
}

void FuzzVarlinkCall(std::string_view input) {
  const auto call = status::ParseCall(input);
  if (!call) {
    Require(!FindInvalidUtf8(call.error().message()), "a message for the client is UTF-8");
    Require(call.error().message().size() < 1024, "and short");
    return;
  }
  Require(json::accept(input), "what is read is JSON");
  const auto again = status::ParseCall(status::FormatCall(*call));
  Require(again.ok() && *again == *call, "a call that is written is read as the same");
}

}  // namespace reaperd::fuzz
