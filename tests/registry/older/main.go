// A registry of the generation before the current one, with what the benchmarks need of it:
//
//	registry-2 serve CONFIGURATION
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/docker/distribution/configuration"
	_ "github.com/docker/distribution/registry/auth/token"
	"github.com/docker/distribution/registry/handlers"
	_ "github.com/docker/distribution/registry/storage/driver/filesystem"
)

func main() {
	file, err := os.Open(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	config, err := configuration.Parse(file)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(config.HTTP.Addr, handlers.NewApp(context.Background(), config)))
}
