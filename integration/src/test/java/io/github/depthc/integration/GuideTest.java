// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.cli.newpass.PassProject;
import io.github.depthc.testkit.TextTests;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@code docs/writing-a-pass.md}, and what {@code docs/testing-a-pass.md} has of files: each block of code is part of the file named in the comment above it, of the repository or of a project
 * that {@code new-pass} writes. {@code tools/check-guide} runs its blocks of commands.
 */
class GuideTest {
    private static final String GUIDE = "docs/writing-a-pass.md";
    private static final Pattern BLOCK = Pattern.compile("(?:<!-- ([^\n]*) -->\n)?```(java|mir|xml)\n(.*?)\n```", Pattern.DOTALL);
    private static final Pattern NEW_PASS = Pattern.compile("new-pass (\\S+): (\\S+)");

    /** A piece of code and where it is from. */
    private record Excerpt(String source, String code) {
        /** The whole file. */
        String file() {
            Matcher m = NEW_PASS.matcher(source);
            return m.matches() ? new PassProject(m.group(1), PassProject.packageFor(m.group(1))).files().get(m.group(2)) : Repository.text(source);
        }
    }

    @TestFactory
    Stream<DynamicTest> codeIsThatOfTheFiles() {
        List<Excerpt> excerpts = new ArrayList<>();
        Matcher m = BLOCK.matcher(Repository.text(GUIDE));
        while (m.find()) {
            excerpts.add(new Excerpt(m.group(1), m.group(3)));
        }
        assertTrue(excerpts.size() > 15, "found " + excerpts.size() + " blocks");
        // in the page about tests only some code is of a file; its texts are tests of their own
        BLOCK.matcher(Repository.text("docs/testing-a-pass.md")).results().filter(b -> b.group(1) != null).map(b -> new Excerpt(b.group(1), b.group(3)))
                .forEach(excerpts::add);
        return excerpts.stream().map(e -> DynamicTest.dynamicTest(e.source() + " " + e.code().lines().findFirst().orElse(""), () -> {
            assertTrue(e.source() != null, () -> "no comment names the file of\n" + e.code());
            String file = e.file();
            assertTrue(file != null, () -> "no file " + e.source());
            assertTrue(("\n" + file).contains("\n" + e.code() + "\n"), () -> e.source() + " does not have\n" + e.code() + "\nbut is\n" + file);
        }));
    }

    /** The samples are as {@code new-pass} would have begun them. */
    @ParameterizedTest
    @CsvSource({"random-skip, org.example.randomskip", "change-score, org.example.changescore"})
    void samplesAreBuiltAsNewProjectsAre(String name, String javaPackage) throws IOException {
        String pom = new PassProject(name, javaPackage).files().get("pom.xml").replaceFirst("\n", "\n<!-- SPDX-License-Identifier: Apache-2.0 -->\n");
        String file = "samples/" + name + "/pom.xml";
        if (Boolean.getBoolean(TextTests.BLESS)) {
            Files.writeString(Repository.ROOT.resolve(file), pom);
        }
        assertEquals(pom, Repository.text(file));
    }

    @Test
    void linksLeadToFiles() {
        for (String page : List.of(GUIDE, "docs/api-stability.md", "samples/random-skip/README.md", "samples/change-score/README.md")) {
            Matcher link = Pattern.compile("\\]\\(([^)#:]+)(#[^)]*)?\\)").matcher(Repository.text(page));
            while (link.find()) {
                var target = Repository.ROOT.resolve(page).resolveSibling(link.group(1)).normalize();
                assertTrue(target.toFile().exists(), page + " links to " + link.group(1));
            }
        }
    }
}
