/* The test file for every scanner: https://www.eicar.org/download-anti-malware-testfile/ */
rule EICAR_Test_File {
    strings:
        $eicar = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    condition:
        $eicar
}
