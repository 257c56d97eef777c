package main

import (
	"fmt"
	"io"

	"github.com/sirupsen/logrus"
)

// messages are what the parsers log: all of them use the same logger.
type messages struct{ all []string }

func collectLog() *messages {
	collected := &messages{}
	logrus.SetOutput(io.Discard)
	logrus.AddHook(collected)
	return collected
}

func (m *messages) Levels() []logrus.Level {
	return []logrus.Level{logrus.ErrorLevel, logrus.WarnLevel}
}

func (m *messages) Fire(entry *logrus.Entry) error {
	text := entry.Message
	if err, ok := entry.Data[logrus.ErrorKey]; ok {
		text += fmt.Sprintf(": %v", err)
	}
	m.all = append(m.all, text)
	return nil
}

// take returns the messages since the last call.
func (m *messages) take() []string {
	taken := m.all
	m.all = nil
	return taken
}
