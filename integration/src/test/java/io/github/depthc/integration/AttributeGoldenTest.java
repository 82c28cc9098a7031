// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.mod.ModLayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Combinations of Mixture-of-Depths attributes that no published model has, against an implementation of their definitions in
 * NumPy ({@code tools/goldens-attributes}).
 */
class AttributeGoldenTest {
    @TempDir
    Path temp;

    static Stream<Path> goldens() throws IOException {
        return Files.list(Repository.ATTRIBUTE_GOLDENS).filter(f -> Files.exists(f.resolve(RoutedCheckpoint.ROUTINGS))).sorted().map(Path::getFileName);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void fastOperators(Path name) throws IOException {
        check(Repository.ATTRIBUTE_GOLDENS.resolve(name), Bundles.Form.FAST);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void standardOperators(Path name) throws IOException {
        check(Repository.ATTRIBUTE_GOLDENS.resolve(name), Bundles.Form.STANDARD);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void segmentsAndKernels(Path name) throws IOException {
        check(Repository.ATTRIBUTE_GOLDENS.resolve(name), Bundles.Form.PLAN);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void segmentsAndCudaKernels(Path name) throws IOException {
        check(Repository.ATTRIBUTE_GOLDENS.resolve(name), Bundles.Form.CUDA);
    }

    private void check(Path folder, Bundles.Form form) throws IOException {
        try (Golden golden = Golden.open(folder); RoutedCheckpoint checkpoint = RoutedCheckpoint.open(folder)) {
            Model routed = checkpoint.model();
            assertEquals(checkpoint.routings().size(), routed.nodes(ModLayer.class).size());
            int cases = RoutedGolden.check(golden, routed, temp.resolve("bundle"), form);
            assertTrue(cases >= 5, folder + " has " + cases + " cases");
        }
    }
}
