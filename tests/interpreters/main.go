// Lays down the Python that the module of the chosen go.mod carries, with its pip.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/kluctl/go-embed-python/pip"
	"github.com/kluctl/go-embed-python/python"
)

func main() {
	if err := layDown(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func layDown(folder string) error {
	if _, err := python.NewEmbeddedPythonWithTmpDir(folder, false); err != nil {
		return err
	}
	libraries, err := filepath.Glob(filepath.Join(folder, "lib/python3.*"))
	if err != nil || len(libraries) != 1 {
		return fmt.Errorf("%s holds not one library: %v %v", folder, libraries, err)
	}
	pipLibrary, err := pip.NewPipLib("interpreters")
	if err != nil {
		return err
	}
	defer pipLibrary.Cleanup()
	return os.CopyFS(filepath.Join(libraries[0], "site-packages"), os.DirFS(pipLibrary.GetExtractedPath()))
}
