// Asks a running reaperd through Debian's golang-github-varlink-go-dev, which knows nothing of
// reaperd: the interfaces and their texts, every method, and what Monitor tells until a process is
// reaped.
//
//	varlink_client SOCKET info | idl | METHOD [PARAMETERS] | follow PID
//
// Prints JSON, one object a line. An error of Varlink is {"error": NAME, ...} and exit status 1.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/varlink/go/varlink"
	"github.com/varlink/go/varlink/idl"
)

const manager = "io.reaperd.Manager"
const deadline = 30 * time.Second

type object = map[string]interface{}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: varlink_client SOCKET info|idl|METHOD [PARAMETERS]|follow PID")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	connection, err := varlink.NewConnection(ctx, "unix:"+os.Args[1])
	fail(err)
	defer connection.Close()
	switch verb, rest := os.Args[2], os.Args[3:]; verb {
	case "info":
		info(ctx, connection)
	case "idl":
		parse(ctx, connection)
	case "follow":
		follow(ctx, connection, rest[0])
	default:
		call(ctx, connection, verb, rest)
	}
}

func fail(err error) {
	if err == nil {
		return
	}
	if known, ok := err.(*varlink.Error); ok {
		show(object{"error": known.Name, "parameters": known.Parameters})
	} else {
		show(object{"error": err.Error(), "parameters": err})
	}
	os.Exit(1)
}

func show(value interface{}) {
	if err := json.NewEncoder(os.Stdout).Encode(value); err != nil {
		os.Exit(3)
	}
}

func info(ctx context.Context, connection *varlink.Connection) {
	var vendor, product, version, url string
	var interfaces []string
	fail(connection.GetInfo(ctx, &vendor, &product, &version, &url, &interfaces))
	show(object{"vendor": vendor, "product": product, "version": version, "url": url,
		"interfaces": interfaces})
}

// The library's own parser reads every interface that is offered. It knows names in lower case only,
// as Varlink once had them; io.systemd.Manager and ours are none of these.
func parse(ctx context.Context, connection *varlink.Connection) {
	var interfaces []string
	fail(connection.GetInfo(ctx, nil, nil, nil, nil, &interfaces))
	for _, name := range interfaces {
		text, err := connection.GetInterfaceDescription(ctx, name)
		fail(err)
		heading := "interface " + name + "\n"
		parsed, err := idl.New(strings.Replace(text, heading, strings.ToLower(heading), 1))
		fail(err)
		methods, aliases, problems := []string{}, []string{}, []string{}
		for _, one := range parsed.Methods {
			methods = append(methods, one.Name)
		}
		for _, one := range parsed.Aliases {
			aliases = append(aliases, one.Name)
		}
		for _, one := range parsed.Errors {
			problems = append(problems, one.Name)
		}
		show(object{"interface": name, "methods": methods, "types": aliases,
			"errors": problems, "text": text})
	}
}

func call(ctx context.Context, connection *varlink.Connection, method string, rest []string) {
	var parameters interface{}
	if len(rest) > 0 {
		fail(json.Unmarshal([]byte(rest[0]), &parameters))
	}
	var reply json.RawMessage
	fail(connection.Call(ctx, manager+"."+method, parameters, &reply))
	show(reply)
}

// Prints every answer of Monitor, the last is the event that tells of the reaped process.
func follow(ctx context.Context, connection *varlink.Connection, word string) {
	pid, err := strconv.Atoi(word)
	fail(err)
	receive, err := connection.Send(ctx, manager+".Monitor", nil, varlink.More)
	fail(err)
	for {
		var raw json.RawMessage
		flags, err := receive(ctx, &raw)
		fail(err)
		show(raw)
		var told struct {
			Event struct{ Reaped struct{ Pid int } }
		}
		fail(json.Unmarshal(raw, &told))
		if told.Event.Reaped.Pid == pid {
			return
		}
		if flags&varlink.Continues == 0 {
			fail(fmt.Errorf("Monitor ended"))
		}
	}
}
