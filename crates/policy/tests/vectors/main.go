// Prints quantities with what apimachinery makes of them: the text, "ok" or "error", the canonical form, and how it
// compares with the row before. Run by `make vectors`.
package main

import (
	"fmt"
	"math/rand"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// The texts of apimachinery's own tests (pkg/api/resource/quantity_test.go), good and bad.
var known = strings.Fields(`0 0n 0u 0m 0Ki 0k 0Mi 0M 0Gi 0G 0Ti 0T 0.0 1n 1u 1m 1 1Ki 1k 1Mi 1M 1Gi 1G 1Ti 1T 1Pi 1P 1Ei 1E
0.001 0.0001k 0.000001M 0.000000001G 0.000000000001T 0.000000000000001P 0.000000000000000001E 1.1 1.1Ki 1.1k
0.0001 0.00001 1e3 1E3 1E-3 1e-3 1e9 1E9 12.34e-3 1.01E 1.01Ei 8.5E 9Ei 9223372036854775807 9223372036854775808Ki 10Ei
0.5 0.5Ki 0.05Gi 0.025Ti 0.000001Ki 1.000001Ki 1.5Gi 1025Ki 1024Mi 3.0 001 00 +1 -1 -0 +0 -1Ki -1.5G -0.1 -1n
1000m 1000000u 100m 100Mi 1100Mi 1048576 1073741824 1e0 1e1 1e2 12E2 12e2 5E 5e18 .5 .001 1. 1.G .5Ki
1e-9 1e-10 0.0000000001 0.00000000001 0.9999999999 1.0000000001 1e18 1e19 1e20 1234567890.123456789 1234567890.1234567891
99999999999999999999 18446744073709551616 1e-30 1e-400 0e400 0e-400 0.000000000000000000000000000000000001Ei
1.1.M 1+1.0M 0.1mi 0.1am aoeu .5i 1i -3.01i -3.01e- 1e 1e+ 1e- 1eE 1mm 1KI 1ki 1K 1g 1t 1GB 1e1.5 1e1m e1 E1 m M 1_000 1,000 0x10
Infinity NaN 1%% --1 +-1 -+1 1- 1+ ٣ 1Кi 1e99999999999999999999`)

func main() {
	texts := append([]string{}, known...)
	texts = append(texts, "1 ", " 1", "1 Ki", "1\u00a0")
	suffixes := []string{"", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E-3", "e+6", "e-6", "e0"}
	random := rand.New(rand.NewSource(1))
	for _, suffix := range suffixes {
		for i := 0; i < 20; i++ {
			sign := []string{"", "", "", "-", "+"}[random.Intn(5)]
			whole := fmt.Sprint(random.Int63n([]int64{10, 1100, 100000, 1 << 31}[random.Intn(4)]))
			fraction := ""
			if random.Intn(2) == 0 {
				fraction = "." + fmt.Sprint(random.Int63n([]int64{10, 1000, 1 << 40}[random.Intn(3)]))
			}
			texts = append(texts, sign+strings.Repeat("0", random.Intn(3))+whole+fraction+suffix)
		}
	}
	fmt.Println("# Made from k8s.io/apimachinery by `make vectors`: text, ok or error, canonical form, order after the good row before")
	var before *resource.Quantity
	for _, text := range texts {
		quantity, err := resource.ParseQuantity(text)
		if err != nil {
			fmt.Printf("%s\terror\t\t\n", text)
			continue
		}
		order := 0
		if before != nil {
			order = quantity.Cmp(*before)
		}
		// Not String, which remembers the text that was parsed.
		number, suffix := quantity.CanonicalizeBytes(nil)
		fmt.Printf("%s\tok\t%s%s\t%d\n", text, number, suffix, order)
		before = &quantity
	}
}
