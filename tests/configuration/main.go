// The parser of configurations, as the registry has it:
//
//	configuration
//
// For each line of standard input, a string of JSON with a configuration, it prints a line with all that the registry reads of
// it, or why it reads nothing. What is empty is left out, and durations are in nanoseconds.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/sirupsen/logrus"
)

// answer is what the registry makes of a configuration.
type answer struct {
	Read  any    `json:"read,omitempty"`
	Error string `json:"error,omitempty"`
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	logrus.SetOutput(io.Discard)
	lines, answers := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			return err
		}
		if err := answers.Encode(read(text)); err != nil {
			return err
		}
	}
	return lines.Err()
}

func read(text string) answer {
	read, err := configuration.Parse(strings.NewReader(text))
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Read: shown(reflect.ValueOf(read))}
}

// shown is a value as JSON can hold it, with the names of fields that the registry has in YAML; nil if it is empty.
func shown(value reflect.Value) any {
	if !value.IsValid() || value.IsZero() {
		return nil
	}
	if duration, is := value.Interface().(time.Duration); is {
		return duration.Nanoseconds()
	}
	switch value.Kind() {
	case reflect.Pointer, reflect.Interface:
		return pointed(value.Elem())
	case reflect.Struct:
		fields := map[string]any{}
		for i := range value.NumField() {
			name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("yaml"), ",")
			if field := shown(value.Field(i)); field != nil {
				fields[name] = field
			}
		}
		if len(fields) == 0 {
			return nil
		}
		return fields
	case reflect.Map:
		entries := map[string]any{}
		for _, key := range value.MapKeys() {
			entries[fmt.Sprint(key)] = pointed(value.MapIndex(key))
		}
		return entries
	case reflect.Slice:
		elements := []any{}
		for i := range value.Len() {
			elements = append(elements, pointed(value.Index(i)))
		}
		return elements
	}
	return value.Interface()
}

// pointed is a value that is there, even if it is empty.
func pointed(value reflect.Value) any {
	if is := shown(value); is != nil || !value.IsValid() {
		return is
	}
	if duration, is := value.Interface().(time.Duration); is {
		return duration.Nanoseconds()
	}
	return value.Interface()
}
