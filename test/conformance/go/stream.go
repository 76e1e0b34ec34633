package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"runtime"

	"github.com/open-feature/flagd/core/pkg/evaluator"
	gosync "sync"
)

// stream reads a job without contexts on the first line, then batches of targeting keys, one JSON list a line, and
// answers each batch with one line: for every document a text with 1 (on), 0 (off) or ? for each key.
func stream() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	var asked job
	first, err := lines.ReadBytes('\n')
	must(err)
	must(json.Unmarshal(first, &asked))
	cores := make([]*evaluator.JSON, len(asked.Documents))
	for index, document := range asked.Documents {
		cores[index] = coreOf(document)
	}
	answer := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		must(err)
		var keys []string
		must(json.Unmarshal(line, &keys))
		must(answer.Encode(answersOf(cores, asked.Flag, keys)))
	}
}

// answersOf shares the keys out among the processors.
func answersOf(cores []*evaluator.JSON, flag string, keys []string) []string {
	letters := make([][]byte, len(cores))
	for index := range cores {
		letters[index] = make([]byte, len(keys))
	}
	var all gosync.WaitGroup
	part := len(keys)/runtime.GOMAXPROCS(0) + 1
	for from := 0; from < len(keys); from += part {
		all.Add(1)
		go func() {
			defer all.Done()
			for at := from; at < min(from+part, len(keys)); at++ {
				attributes := map[string]any{"targetingKey": keys[at]}
				for index, core := range cores {
					_, variant, _, _, err := core.ResolveBooleanValue(context.Background(), "", flag, attributes)
					must(err)
					letters[index][at] = letter(variant)
				}
			}
		}()
	}
	all.Wait()
	answers := make([]string, len(cores))
	for index := range letters {
		answers[index] = string(letters[index])
	}
	return answers
}

func letter(variant string) byte {
	switch variant {
	case "on":
		return '1'
	case "off":
		return '0'
	default:
		return '?'
	}
}
