// What reads the registry configuration of nodes, as nodes read it:
//
//	parsers containerd-1|containerd-2|k3s|crio
//
// For each line of standard input, a JSON object with a path and hosts, it prints a line with what the runtime would ask for
// the images of each host, and what the runtime would log.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// question is a configuration, and the hosts in the names of images.
type question struct {
	Path  string   `json:"path"`
	Hosts []string `json:"hosts"`
}

// answer is what a runtime makes of a configuration.
type answer struct {
	// The servers that it asks for the images of each host, in order.
	Hosts map[string][]server `json:"hosts,omitempty"`
	// What it logs.
	Log []string `json:"log,omitempty"`
	// Why it reads nothing.
	Error string `json:"error,omitempty"`
}

// server is where a runtime asks for an image. Each parser fills what the runtime knows.
type server struct {
	URL          string              `json:"url"`
	Capabilities []string            `json:"capabilities,omitempty"`
	Header       map[string][]string `json:"header,omitempty"`
	Username     string              `json:"username,omitempty"`
	Password     string              `json:"password,omitempty"`
	Token        string              `json:"token,omitempty"`
	// Whether any certificate will do; with crio, whether plain HTTP will do, too.
	Insecure bool `json:"insecure,omitempty"`
	// The names of the authorities that it trusts in addition to those of the system.
	Authorities []string `json:"authorities,omitempty"`
	// How long it waits for a connection, in milliseconds.
	DialTimeout int64 `json:"dialTimeout,omitempty"`
	// Whether it is asked by digest, by tag, or by both.
	By string `json:"by,omitempty"`
}

func main() {
	parsers := map[string]func(path, host string) ([]server, error){
		"containerd-1": containerd1, "containerd-2": containerd2, "k3s": k3s, "crio": crio,
	}
	if len(os.Args) != 2 || parsers[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: parsers containerd-1|containerd-2|k3s|crio")
		os.Exit(64)
	}
	if err := serve(parsers[os.Args[1]]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(parse func(path, host string) ([]server, error)) error {
	// No authorities of this machine: a pool then holds only those of the configuration.
	os.Setenv("SSL_CERT_FILE", "/nonexistent")
	os.Setenv("SSL_CERT_DIR", "/nonexistent")
	logged := collectLog()
	lines, answers := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		answered := answer{Hosts: map[string][]server{}}
		for _, host := range asked.Hosts {
			servers, err := parse(asked.Path, host)
			if err != nil {
				answered.Error = err.Error()
				break
			}
			answered.Hosts[host] = servers
		}
		answered.Log = logged.take()
		if err := answers.Encode(answered); err != nil {
			return err
		}
	}
	return lines.Err()
}

// all describes the results of a parser, unless it or the description fails.
func all[T any](results []T, err error, describe func(T) (server, error)) ([]server, error) {
	var servers []server
	for _, one := range results {
		if err == nil {
			var described server
			described, err = describe(one)
			servers = append(servers, described)
		}
	}
	return servers, err
}
