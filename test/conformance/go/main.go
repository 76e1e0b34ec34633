// Command evaluate gives the variants that flagd's own Go evaluator computes: a job as JSON on standard input,
// the answer as JSON on standard output (see test/fixtures/foreign.ts). With "stream" keys come and answers go in batches.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/url"
	"os"
	"regexp"

	"github.com/open-feature/flagd/core/pkg/evaluator"
	"github.com/open-feature/flagd/core/pkg/logger"
	"github.com/open-feature/flagd/core/pkg/store"
	"github.com/open-feature/flagd/core/pkg/sync"
	"go.uber.org/zap"
)

type job struct {
	Flag      string           `json:"flag"`
	Contexts  []map[string]any `json:"contexts"`
	Documents []string         `json:"documents"`
	// Attributes to write in ASCII first, as docs/flags.md tells an application to.
	Encode []string `json:"encode"`
}

// The one-liner of docs/flags.md.
var beyondASCII = regexp.MustCompile("[^\x00-\x7F]+")

func asciiKey(key string) string {
	return beyondASCII.ReplaceAllStringFunc(key, url.QueryEscape)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "stream" {
		stream()
		return
	}
	var asked job
	must(json.NewDecoder(os.Stdin).Decode(&asked))
	for _, attributes := range asked.Contexts {
		for _, name := range asked.Encode {
			if key, isText := attributes[name].(string); isText {
				attributes[name] = asciiKey(key)
			}
		}
	}
	answers := make([][]string, len(asked.Documents))
	for index, document := range asked.Documents {
		core := coreOf(document)
		variants := make([]string, len(asked.Contexts))
		for at, attributes := range asked.Contexts {
			_, variant, _, _, err := core.ResolveBooleanValue(context.Background(), "", asked.Flag, attributes)
			must(err)
			variants[at] = variant
		}
		answers[index] = variants
	}
	must(json.NewEncoder(os.Stdout).Encode(answers))
}

func coreOf(document string) *evaluator.JSON {
	quiet := logger.NewLogger(zap.NewNop(), false)
	flags, err := store.NewStore(quiet, []string{"test"})
	must(err)
	core := evaluator.NewJSON(quiet, flags)
	must(core.SetState(sync.DataSync{FlagData: document, Source: "test"}))
	return core
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
