// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The CUDA sources themselves, run on the host, against plain Java. */
final class HostShimTest {
    private static final Map<Precision, HostLibrary> LIBRARIES = new EnumMap<>(Precision.class);

    @BeforeAll
    static void compile(@TempDir Path folder) throws IOException, InterruptedException {
        for (Precision precision : Precision.values()) {
            LIBRARIES.put(precision, HostLibrary.compile(precision, folder));
        }
    }

    static Stream<Arguments> all() {
        return Stream.of(KernelCases.values()).flatMap(cases -> Stream.of(Precision.values())
                .filter(precision -> cases.rows() || precision == Precision.F32).map(precision -> Arguments.of(cases, precision)));
    }

    @ParameterizedTest
    @MethodSource("all")
    void kernelsDoWhatJavaDoes(KernelCases cases, Precision precision) {
        cases.run(LIBRARIES.get(precision), precision);
    }
}
